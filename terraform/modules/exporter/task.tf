# One task of three containers. `configuration` writes the files and ends; then `exporter` and `agent` read them.
#
# Why a container that writes files: the exporter reads a file and no environment variable as its configuration, the
# agent likewise, neither image needs a shell for it, and a Fargate volume belongs to root, so that only root can write
# into it (https://github.com/aws/containers-roadmap/issues/938). It has no capability of root's but that.

locals {
  exporter_address = "127.0.0.1:9989"
  agent_address    = "127.0.0.1:9090"

  log_options = {
    "awslogs-group"  = local.log_group
    "awslogs-region" = local.region
  }
  unprivileged = { initProcessEnabled = false, capabilities = { add = [], drop = ["ALL"] } }

  configuration_container = {
    name                   = "configuration"
    image                  = local.image
    essential              = false
    user                   = "0:0"
    readonlyRootFilesystem = true
    entryPoint             = ["python", "-c"]
    command                = [file("${path.module}/files/write_files.py")]
    environment = [
      { name = "FILES", value = jsonencode(local.files) },
      { name = "SCRATCH_FOLDERS", value = jsonencode(["/agent"]) },
    ]
    mountPoints = [
      { sourceVolume = "configuration", containerPath = local.folder, readOnly = false },
      { sourceVolume = "agent", containerPath = "/agent", readOnly = false },
    ]
    linuxParameters  = local.unprivileged
    logConfiguration = { logDriver = "awslogs", options = merge(local.log_options, { "awslogs-stream-prefix" = "configuration" }) }
    portMappings     = []
    systemControls   = []
    volumesFrom      = []
  }

  exporter_container = {
    name                   = "exporter"
    image                  = local.image
    essential              = true
    user                   = "10001:10001"
    readonlyRootFilesystem = true
    stopTimeout            = 60
    command = [
      "serve", "--config", "${local.folder}/exporter.yml", "--web.listen-address", local.exporter_address, "--log.format", "json",
    ]
    environment = [{ name = "AWS_REGION", value = local.region }]
    secrets     = [for name in sort(keys(var.secrets)) : { name = name, valueFrom = var.secrets[name] }]
    mountPoints = [
      { sourceVolume = "configuration", containerPath = local.folder, readOnly = true },
      { sourceVolume = "ledger", containerPath = local.state, readOnly = false },
    ]
    # Healthy, not ready: a ledger that is read in for minutes is no reason to begin again.
    healthCheck = {
      command     = ["CMD", "python", "-c", "from urllib.request import urlopen; urlopen('http://${local.exporter_address}/-/healthy', timeout=4)"]
      interval    = 30
      timeout     = 5
      retries     = 3
      startPeriod = 120
    }
    dependsOn        = [{ containerName = "configuration", condition = "SUCCESS" }]
    linuxParameters  = local.unprivileged
    logConfiguration = { logDriver = "awslogs", options = merge(local.log_options, { "awslogs-stream-prefix" = "exporter" }) }
    portMappings     = []
    systemControls   = []
    volumesFrom      = []
  }

  agent_container = {
    name                   = "agent"
    image                  = var.agent_image
    essential              = true
    user                   = "65534:65534"
    readonlyRootFilesystem = true
    stopTimeout            = 60
    command = [
      "--agent", "--config.file=${local.folder}/agent.yml", "--storage.agent.path=/agent", "--web.listen-address=${local.agent_address}",
    ]
    environment = [{ name = "AWS_REGION", value = local.region }]
    mountPoints = [
      { sourceVolume = "configuration", containerPath = local.folder, readOnly = true },
      { sourceVolume = "agent", containerPath = "/agent", readOnly = false },
    ]
    healthCheck = {
      command     = ["CMD", "/bin/promtool", "check", "healthy", "--url=http://${local.agent_address}"]
      interval    = 30
      timeout     = 5
      retries     = 3
      startPeriod = 60
    }
    # Started, not healthy: an exporter that can't answer is what `up` is there to tell.
    dependsOn = [
      { containerName = "configuration", condition = "SUCCESS" },
      { containerName = "exporter", condition = "START" },
    ]
    linuxParameters  = local.unprivileged
    logConfiguration = { logDriver = "awslogs", options = merge(local.log_options, { "awslogs-stream-prefix" = "agent" }) }
    portMappings     = []
    systemControls   = []
    volumesFrom      = []
  }
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn
  tags                     = var.tags

  container_definitions = jsonencode([local.configuration_container, local.exporter_container, local.agent_container])

  runtime_platform {
    cpu_architecture        = "ARM64"
    operating_system_family = "LINUX"
  }

  volume {
    name = "configuration"
  }

  volume {
    name = "agent"
  }

  volume {
    name = "ledger"

    efs_volume_configuration {
      file_system_id     = aws_efs_file_system.ledger.id
      transit_encryption = "ENABLED"

      authorization_config {
        access_point_id = aws_efs_access_point.ledger.id
        iam             = "ENABLED"
      }
    }
  }

  lifecycle {
    precondition {
      # ECS takes 64 KiB for a whole task definition, quotes escaped.
      condition     = length(jsonencode(jsonencode(local.files))) < 48 * 1024
      error_message = "configuration and files together are too large for a task definition (48 KiB): shorten them, or split the budgets between fewer exceptions."
    }
  }
}
