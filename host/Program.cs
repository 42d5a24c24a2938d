using System.CommandLine;
using System.Runtime.InteropServices;
using Broadcast.Host.Commands;

using var stopping = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

var root = new RootCommand("Broadcast: self-hosted live video server. Encoders publish over RTMP; viewers play HLS and DASH.");
root.Options.Add(CommandOutput.Data);
root.Options.Add(CommandOutput.Json);
foreach (var command in new[]
{
    ServeCommand.Create("up", "Install, build and start the server with default settings, and print the publish and watch URLs",
        isUp: true),
    ServeCommand.Create("serve", "Start the server without installing or building", isUp: false),
    ChannelCommand.Create(),
    KeyCommand.Create(),
    ViewerTokenCommand.Create(),
    ViewerKeyCommand.Create(),
    RecordingCommand.Create(),
    EventCommand.Create(),
    ChatCommand.Create(),
    ServerCommand.Create(),
    TokenCommand.Create(),
    UserCommand.Create(),
    AuditCommand.Create(),
    WebhookCommand.Create(),
    TargetCommand.Create(),
    DemoCommand.Create(),
    LoadCommand.Create(),
    DoctorCommand.Create(),
    ConfigCommand.Create(),
    FsckCommand.Create(),
    BackupCommand.CreateBackup(),
    BackupCommand.CreateRestore(),
})
{
    root.Subcommands.Add(command);
}

var parsed = root.Parse(args);
if (RenamedCommands.FindError(parsed) is { } error)
{
    await Console.Error.WriteLineAsync(error);
    return CommandOutput.Failed;
}

return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null },
    stopping.Token);

void Stop(PosixSignalContext context)
{
    // The first signal stops gracefully; the second has the system's default action and ends the process at once.
    context.Cancel = !stopping.IsCancellationRequested;
    stopping.Cancel();
}
