"""Prints the limits that botocore's service model of STS puts on the inputs that are named on standard input.

Standard input: [["AssumeRole", "RoleArn"], ...]
Standard output: [{"min": ..., "max": ..., "pattern": ..., "required": ...}, ...] with what the model has.
"""

import json
import sys

import botocore.session

model = botocore.session.get_session().get_service_model("sts")
limits = []
for operation, member in json.load(sys.stdin):
    shape = model.operation_model(operation).input_shape
    metadata = shape.members[member].metadata
    # Some versions of botocore leave patterns out of a shape's metadata.
    pattern = model._service_description["shapes"][shape.members[member].name].get("pattern")
    limit = {name: metadata[name] for name in ("min", "max") if name in metadata}
    limits.append({**limit, **({"pattern": pattern} if pattern else {}), "required": member in shape.required_members})
json.dump(limits, sys.stdout)
