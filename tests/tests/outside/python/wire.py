"""The wire contract as Python modules, generated from proto/granary/v1 into a folder of its own."""

import importlib
import pathlib
import sys

import grpc_tools
from grpc_tools import protoc


def generate(proto, out):
    """Generates the modules and makes them importable."""
    out.mkdir(parents=True, exist_ok=True)
    own = sorted(str(path.relative_to(proto)) for path in proto.glob("granary/v1/*.proto"))
    common = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    arguments = ["protoc", f"-I{proto}", f"-I{common}", f"--python_out={out}", f"--grpc_python_out={out}", *own]
    if protoc.main(arguments) != 0:
        raise SystemExit("the .proto files do not compile")
    sys.path.insert(0, str(out))


def module(name):
    """For instance `collection_pb2`."""
    return importlib.import_module(f"granary.v1.{name}")
