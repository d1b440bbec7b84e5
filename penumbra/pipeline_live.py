"""How a pipeline file says where the live page is served."""

from typing import Annotated, Any, Self, final

from pydantic import BeforeValidator, model_validator

from penumbra.pipeline_entry import Entry
from penumbra.pipeline_values import EnvironmentName, FilePath, PlainText, Switch


def _switched(value: Any) -> Any:
    """`true` is all defaults and `false` is none, where one would be served unasked."""
    return {"served": value} if isinstance(value, bool) else value


@final
class LiveEntry(Entry):
    """The live page, which shows pictures: on this machine alone unless a token is named.

    Attributes:
        served: Whether there is one.
        listen: HOST:PORT; unless it is said, port 8800 of this machine alone.
        token_file: A file with the token that people show.
        token_env: Or the name of an environment variable that holds it.
    """

    served: Switch = True
    listen: PlainText | None = None
    token_file: FilePath | None = None
    token_env: EnvironmentName | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        from monitoring.errors import PageRefused  # noqa: PLC0415 - quick --help
        from monitoring.live.address import SHORTEST_TOKEN, parse_address  # noqa: PLC0415

        if self.token_file is not None and self.token_env is not None:
            raise ValueError("names its token twice. Keep token_file or token_env.")
        if self.listen is None:
            return self
        named = self.token_file is not None or self.token_env is not None
        try:
            parse_address(self.listen, "-" * SHORTEST_TOKEN if named else "")
        except PageRefused as error:
            words = str(error).removeprefix("the live page ")
            raise ValueError(words.replace("set a token", "name a token_file or token_env")) from None
        return self


Live = Annotated[LiveEntry | None, BeforeValidator(_switched)]
