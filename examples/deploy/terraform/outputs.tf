output "role_arn" {
  description = "What `trailproof scan` assumes."
  value       = aws_iam_role.audit.arn
}

output "role_name" {
  description = "The role's name, for `--role-name`."
  value       = aws_iam_role.audit.name
}
