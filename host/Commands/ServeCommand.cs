using System.CommandLine;
using Broadcast.Host.Configuration;
using Broadcast.Host.Listening;

namespace Broadcast.Host.Commands;

/// <summary><c>serve</c> and <c>up</c>: run the server until told to stop. The launcher installs and builds before <c>up</c>; here they differ in what is printed and in the first channel.</summary>
internal static class ServeCommand
{
    public static Command Create(string name, string description, bool isUp)
    {
        var listen = new (Option<string?> Option, string Key)[]
        {
            (Address("--rtmp", "Encoders over RTMP (*:1935)"), "Rtmp"),
            (Address("--rtmps", "Encoders over RTMPS (*:1936)"), "Rtmps"),
            (Address("--http", "Viewers, API and dashboard (*:8080)"), "Http"),
            (Address("--https", "The same over HTTPS (*:8443 when a certificate is configured)"), "Https"),
            (Address("--internal", "Health and metrics (127.0.0.1:8090)"), "Internal"),
        };
        var roles = new Option<string?>("--roles") { Description = "Roles of this process, separated by commas (all)", HelpName = "LIST" };
        var command = new Command(name, description);
        command.Options.Add(roles);
        foreach (var (option, _) in listen)
        {
            command.Options.Add(option);
        }

        command.SetAction(Output.Guarded(async (parsed, cancellationToken) =>
        {
            var data = Output.Folder(parsed);
            var flags = listen.Where(l => parsed.GetValue(l.Option) is not null)
                .ToDictionary(l => $"{ListenerOptions.Section}:{l.Key}", l => parsed.GetValue(l.Option), StringComparer.Ordinal);
            var selected = Roles.Role.Select(parsed.GetValue(roles));
            var configuration = ServerConfiguration.Read(data, flags);
            await using var server = new Server(data, configuration, selected, new Greeting(parsed.GetValue(Output.Json), isUp));
            return await server.RunAsync(cancellationToken);
        }));
        return command;
    }

    private static Option<string?> Address(string name, string description) => new(name) { Description = description, HelpName = "ADDR:PORT" };
}
