"""Real botocore clients of CloudWatch that speak one protocol each: botocore's own model with the others left out."""

import gzip
import json
from pathlib import Path
from typing import Any

import botocore
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

PROTOCOLS = ("json", "smithy-rpc-v2-cbor", "query")
_VERSION = Path("cloudwatch") / "2010-08-01"
_MODEL = Path(botocore.__file__).parent / "data" / _VERSION / "service-2.json.gz"


def cloudwatch_client(folder: Path, url: str, protocol: str, region: str) -> Any:
    """A client that has no choice but `protocol`; its model lies under `folder`."""
    model = json.loads(gzip.decompress(_MODEL.read_bytes()))
    model["metadata"] |= {"protocol": protocol, "protocols": [protocol]}
    place = folder / protocol / _VERSION
    place.mkdir(parents=True)
    (place / "service-2.json").write_text(json.dumps(model))
    session = botocore.session.get_session()
    session.register_component("data_loader", Loader(extra_search_paths=[str(folder / protocol)]))
    return session.create_client(
        "cloudwatch",
        region_name=region,
        endpoint_url=url,
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1, "mode": "standard"}, connect_timeout=60, read_timeout=60),
    )
