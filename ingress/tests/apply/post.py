"""Sends a webhook through an applied ingress and takes it off its queue.

MiniStack renders a part of VTL only: no #if, no #foreach, no $util.base64Encode, no $context; what stands
in a directive it writes out as text. So the bodies here are tame, and what is shown is that the deployed
parts fit together: path, integration, role, queue, answers. What the envelope holds is shown by Apache
Velocity.
"""

import json
import sys
import urllib.error
import urllib.request

endpoint, outputs = sys.argv[1], {
    name: output["value"] for name, output in json.load(open(sys.argv[2])).items()
}
hooks = f"{endpoint}/restapis/{outputs['api_id']}/{outputs['stage_name']}/_user_request_/hooks"


def call(method, url, headers, body=None):
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def sqs(action, **asked):
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": f"AmazonSQS.{action}",
        "authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/sqs/aws4_request, SignedHeaders=host, Signature=none",
    }
    asked["QueueUrl"] = outputs["queue_url"]
    status, answer = call("POST", endpoint + "/", headers, json.dumps(asked).encode())
    assert status == 200, (action, status, answer)
    return json.loads(answer or "{}")


json_type = {"content-type": "application/json; charset=utf-8"}
status, answer = call("POST", f"{hooks}/jira", json_type, b'{"a":1}')
assert status == 200, (status, answer)
form_type = {"content-type": "application/x-www-form-urlencoded"}
status, answer = call("POST", f"{hooks}/github", form_type, b"payload=%7B%7D")
assert status == 200, (status, answer)

bodies = []
while received := sqs("ReceiveMessage", MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages"):
    for message in received:
        bodies.append(message["Body"])
        sqs("DeleteMessage", ReceiptHandle=message["ReceiptHandle"])
assert len(bodies) == 2, bodies
assert all(body.startswith('{"v":1,"correlation_id":"') for body in bodies), bodies

status, _ = call("HEAD", f"{hooks}/trello", {})
assert status == 200, f"HEAD: {status}"
print("two webhooks went in with 200 and came off the queue; HEAD was answered with 200")
