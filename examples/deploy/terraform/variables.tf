variable "auditor_principal_arn" {
  description = "The ARN of the role or user that starts `trailproof scan`. Only it can assume the role."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(root|(role|user)/[A-Za-z0-9_+=,.@/-]+)$", var.auditor_principal_arn))
    error_message = "The ARN of a role, of a user, or of an account's root; not of a session, and never *."
  }
}

variable "external_id" {
  description = "What `--external-id` says, where somebody else than the account's owner scans; null where there is none."
  type        = string
  default     = null

  validation {
    condition     = var.external_id == null || can(regex("^[A-Za-z0-9_+=,.@:/-]{2,1224}$", var.external_id))
    error_message = "Null, or 2 to 1224 letters, digits and _+=,.@:/-."
  }
}

variable "role_name" {
  description = "The role's name, the same in every account."
  type        = string
  default     = "TrailproofAudit"
}

variable "tags" {
  description = "Tags of the role."
  type        = map(string)
  default     = {}
}
