"""Makes STS calls with boto3 and reports what botocore's own parser and service model make of the answers.

Standard input: {"endpoint": URL, "calls": [{"keys": {...}, "operation": "assume_role", "parameters": {...}}]}
Standard output: a list with, for each call, {"answer": {...}, "problems": [...], "content_type": ...} or
{"error": {...}}. Times are shown as {"datetime": ISO text}; problems are differences from the service model.
"""

import datetime
import json
import sys
import xml.etree.ElementTree as ElementTree

import boto3
import botocore.config
import botocore.exceptions

NAMESPACE = "{https://sts.amazonaws.com/doc/2011-06-15/}"


def main():
    request = json.load(sys.stdin)
    json.dump([outcome_of(request["endpoint"], call) for call in request["calls"]], sys.stdout)


def outcome_of(endpoint, call):
    keys = call["keys"]
    client = boto3.client(
        "sts",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=keys["accessKeyId"],
        aws_secret_access_key=keys["secretAccessKey"],
        aws_session_token=keys.get("sessionToken"),
        # Limits are left to the server, and each call is made once.
        config=botocore.config.Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )
    raw = {}
    client.meta.events.register("before-parse.sts.*", lambda response_dict, **_: raw.update(response_dict))
    try:
        answer = getattr(client, call["operation"])(**call["parameters"])
    except botocore.exceptions.ClientError as error:
        return {
            "error": {
                "class": type(error).__name__,
                "code": error.response["Error"]["Code"],
                "type": error.response["Error"]["Type"],
                "message": error.response["Error"]["Message"],
                "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
                "request_id": error.response["ResponseMetadata"]["RequestId"],
            }
        }
    operation = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[call["operation"]])
    metadata = answer.pop("ResponseMetadata")
    return {
        "answer": plain(answer),
        "problems": problems_of(ElementTree.fromstring(raw["body"]), operation, metadata),
        "content_type": raw["headers"]["content-type"],
    }


def plain(value):
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, datetime.datetime):
        return {"datetime": value.astimezone(datetime.timezone.utc).isoformat()}
    return value


def problems_of(root, operation, metadata):
    """How the XML differs from what the model of the operation describes."""
    problems = []
    expect_names(root, [operation.name + "Response"], [root], problems)
    result_name = operation.output_shape.serialization["resultWrapper"]
    expect_names(root, [result_name, "ResponseMetadata"], root, problems)
    compare(root.find(NAMESPACE + result_name), operation.output_shape, problems)
    request_id = root.find(f"{NAMESPACE}ResponseMetadata/{NAMESPACE}RequestId")
    if request_id is None or not request_id.text == metadata["RequestId"] == metadata["HTTPHeaders"]["x-amzn-requestid"]:
        problems.append("the request ID differs between XML, header and parser")
    return problems


def expect_names(parent, names, elements, problems):
    found = sorted(element.tag for element in elements)
    if found != sorted(NAMESPACE + name for name in names):
        problems.append(f"{parent.tag} holds {found} and not {names}")


def compare(element, shape, problems):
    if shape.type_name != "structure":
        if len(element) > 0 or not element.text:
            problems.append(f"{element.tag} should hold text")
        return
    seen = set()
    for child in element:
        name = child.tag.removeprefix(NAMESPACE)
        if name not in shape.members or name in seen:
            problems.append(f"{name} is no member of {shape.name}, or is there twice")
            continue
        seen.add(name)
        compare(child, shape.members[name], problems)
    # The model requires no member of an answer itself; those of Credentials and AssumedRoleUser it does.
    for name in shape.required_members:
        if name not in seen:
            problems.append(f"{shape.name} lacks {name}")


main()
