"""How a link trusts a broker."""

import ssl

from broker.address import BrokerAddress
from broker.errors import Unreachable


def tls_context(address: BrokerAddress) -> ssl.SSLContext:
    """Make a context that checks the broker's certificate and name.

    Raises:
        Unreachable: A certificate file cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=address.ca_file)
        if address.cert_file is not None:
            context.load_cert_chain(address.cert_file, address.key_file)
    except (OSError, ssl.SSLError) as error:
        raise Unreachable(f"{address}: a certificate file cannot be read: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
