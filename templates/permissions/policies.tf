# Printed by `{{ command }}`.
# {{ scope }}

# {{ why_every_resource }}
data "aws_iam_policy_document" "audit" {
{% for service in audit %}
  statement {
    sid = "{{ service.sid }}"
    actions = [
  {% for action in service.actions %}
      # {{ action.purpose }}
      "{{ action.name }}",
  {% endfor %}
    ]
    resources = ["*"]
  }
  {% if not loop.last %}

  {% endif %}
{% endfor %}
}
{% if caller %}

data "aws_partition" "caller" {}

# What whoever starts a scan of an organization needs, in the management account or a delegated administrator's.
data "aws_iam_policy_document" "caller" {
  {% for service in caller %}
  statement {
    sid = "{{ service.sid }}"
    actions = [
    {% for action in service.actions %}
      # {{ action.purpose }}
      "{{ action.name }}",
    {% endfor %}
    ]
    resources = ["*"]
  }

  {% endfor %}
  statement {
    sid = "AssumeTheRole"
    actions = [
      # {{ assume_purpose }}
      "sts:AssumeRole",
    ]
    resources = ["arn:${data.aws_partition.caller.partition}:iam::*:role/{{ role }}"]
  }
}
{% endif %}
