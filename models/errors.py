"""Why a bundle, or what is put into one, was refused.

```
BundleError                what `penumbra` prints as one line
├── BundleNotFound         no such shipped bundle, file or folder
├── UnsafeArchive          the archive tries something a bundle never needs (escape, bomb, link, extra file)
├── DamagedBundle          what it holds is not what its manifest promises
├── BadTable               what should say how much some feature maps give away does not
├── UnsupportedBundle      sound, but not for this program or this half
├── BadRegions             the pictures given to an extractor have the wrong shape or type
├── BadNumbers             the extractor's output is not finite or has the wrong shape: nothing may leave
├── BadPayload             bytes given to an analyzer are not a payload of its bundle
└── RuntimeFailed          the inference library refused to load or run a half
```
"""


class BundleError(Exception):
    """A bundle cannot be used; the text says which, why, and what to do."""


class BundleNotFound(BundleError):
    """No bundle of that name ships with the project, and no file or folder is there."""


class UnsafeArchive(BundleError):
    """The archive holds something that no bundle needs, so nothing of it was used."""


class DamagedBundle(BundleError):
    """A file is missing, truncated, altered or of another shape than the manifest promises."""


class BadTable(BundleError):
    """A placement table is damaged, or contradicts itself."""


class UnsupportedBundle(BundleError):
    """The bundle is of a newer schema, or lacks the half that was asked for."""


class BadRegions(BundleError):
    """Regions have another shape or type than the manifest's input."""


class BadNumbers(BundleError):
    """The extractor answered numbers that may not be sent."""


class BadPayload(BundleError):
    """Bytes that no extractor of this bundle can have made."""


class RuntimeFailed(BundleError):
    """ONNX Runtime could not load or run one half."""
