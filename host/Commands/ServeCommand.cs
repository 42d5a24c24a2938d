using System.CommandLine;
using Broadcast.Host.Configuration;
using Broadcast.Host.Listening;
using Broadcast.Host.Roles;

namespace Broadcast.Host.Commands;

/// <summary>
/// <c>serve</c> and <c>up</c>: run the server. The launcher installs and builds before <c>up</c>; here they differ in the startup output
/// and the first channel.
/// </summary>
internal static class ServeCommand
{
    public static Command Create(string name, string description, bool isUp)
    {
        var listen = new (Option<string?> Option, string Key)[]
        {
            (Address("--rtmp", "Listen for RTMP encoders (*:1935)"), "Rtmp"),
            (Address("--rtmps", "Listen for RTMPS encoders (*:1936)"), "Rtmps"),
            (Address("--http", "Listen for viewers, API and dashboard over HTTP (*:8080)"), "Http"),
            (Address("--https", "Listen for viewers, API and dashboard over HTTPS (*:8443 if a certificate is configured)"), "Https"),
            (Address("--internal", "Listen for health checks, metrics and other servers (127.0.0.1:8090)"), "Internal"),
        };
        var roles = new Option<string?>("--roles") {
            Description = "Roles of this process in a cluster, separated by commas: control, ingest, media, origin (all)",
            HelpName = "LIST",
        };
        var command = new Command(name, description);
        command.Options.Add(roles);
        foreach (var (option, _) in listen)
        {
            command.Options.Add(option);
        }

        command.SetAction(CommandOutput.HandleErrors(async (parsed, cancellationToken) =>
        {
            var data = CommandOutput.DataFolderOf(parsed);
            var flags = listen.Where(l => parsed.GetValue(l.Option) is not null)
                .ToDictionary(l => $"{ListenerOptions.Section}:{l.Key}", l => parsed.GetValue(l.Option), StringComparer.Ordinal);
            var selected = RoleSelection.Select(parsed.GetValue(roles));
            var configuration = ServerConfiguration.Read(data, flags);
            RoleSelection.Check(selected, configuration,
                [.. listen.Where(l => parsed.GetValue(l.Option) is not null).Select(l => l.Key)]);
            await using var server = new Server(data, configuration, selected,
                new StartupBanner(parsed.GetValue(CommandOutput.Json), isUp));
            return await server.RunAsync(cancellationToken);
        }));
        return command;
    }

    private static Option<string?> Address(string name, string description) =>
        new(name) { Description = description, HelpName = "ADDR:PORT" };
}
