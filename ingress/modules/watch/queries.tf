locals {
  queries = {
    for file in fileset("${path.module}/queries", "*.cwli") :
    trimsuffix(file, ".cwli") => file("${path.module}/queries/${file}")
  }
}

resource "aws_cloudwatch_query_definition" "this" {
  for_each = local.queries

  name            = "${var.name}/${each.key}"
  query_string    = each.value
  log_group_names = [var.access_log_group_name, var.log_group_name]
}
