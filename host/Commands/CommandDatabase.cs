using System.CommandLine;
using System.CommandLine.Parsing;
using Broadcast.Control;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Host.Configuration;
using Broadcast.Host.Listening;
using Broadcast.Media;
using Broadcast.Storage;
using Broadcast.Transcoder.Encoders;

namespace Broadcast.Host.Commands;

/// <summary>Opens the database for a command, whether the server runs or not; a running server is notified of changes.</summary>
internal static class CommandDatabase
{
    /// <summary>Runs work on the database of the command line's data folder.</summary>
    public static Func<ParseResult, CancellationToken,
        Task<int>> WithDatabase(Func<ParseResult, ServerDatabase, CancellationToken, Task> work) =>
        CommandOutput.HandleErrors(async (parsed, cancellationToken) =>
        {
            var folder = CommandOutput.DataFolderOf(parsed);
            using var actorScope = ActAsCommand(parsed);
            await using var database = await OpenAsync(folder, cancellationToken);
            await work(parsed, database, cancellationToken);
            return 0;
        });

    /// <summary>Attributes changes to this command in the audit log until disposed.</summary>
    public static IDisposable ActAsCommand(ParseResult parsed)
    {
        var commandNames = new Stack<string>();
        for (SymbolResult? current = parsed.CommandResult; current is CommandResult { Parent: not null } command; current = current.Parent)
        {
            commandNames.Push(command.Command.Name);
        }

        return Actor.Use(new(ActorKind.Command, Environment.UserName, string.Join(' ', commandNames), ""));
    }

    /// <summary>Warns that a change has no audit log entry.</summary>
    public static void WarnNotAudited(string reason) =>
        Console.Error.WriteLine($"Warning: the change was made, but could not be written to the audit log: {reason}");

    /// <summary>Opens the database of a data folder.</summary>
    public static Task<ServerDatabase> OpenAsync(DataFolder folder, CancellationToken cancellationToken) => ServerDatabase.OpenAsync(
        folder, Options(ServerConfiguration.ReadForCommand(folder)), TimeProvider.System, cancellationToken: cancellationToken);

    /// <summary>Public base URL of a folder's server, if configured.</summary>
    public static string? PublicUrl(DataFolder folder) => Delivery(folder).PublicUrl;

    /// <summary>Delivery options of a folder's server.</summary>
    public static DeliveryOptions Delivery(DataFolder folder) =>
        ServerConfiguration.ReadForCommand(folder).GetSection(DeliveryOptions.Section).Get<DeliveryOptions>() ?? new DeliveryOptions();

    /// <summary>Authorization options of a folder's server.</summary>
    public static AuthorizationOptions Authorization(DataFolder folder) =>
        ServerConfiguration.ReadForCommand(folder).GetSection(AuthorizationOptions.Section).Get<AuthorizationOptions>()
        ?? new AuthorizationOptions();

    /// <summary>Control options of a folder's server.</summary>
    public static ControlOptions Control(DataFolder folder) =>
        ServerConfiguration.ReadForCommand(folder).GetSection(ControlOptions.Section).Get<ControlOptions>() ?? new ControlOptions();

    /// <summary>Encoding options of a folder's server.</summary>
    public static EncodingOptions Encoding(DataFolder folder) =>
        ServerConfiguration.ReadForCommand(folder).GetSection(EncodingOptions.Section).Get<EncodingOptions>() ?? new EncodingOptions();

    /// <summary>Storage options of a folder's server.</summary>
    public static StorageOptions Storage(DataFolder folder) =>
        ServerConfiguration.ReadForCommand(folder).GetSection(StorageOptions.Section).Get<StorageOptions>() ?? new StorageOptions();

    /// <summary>Database options of a configuration.</summary>
    public static DatabaseOptions Options(IConfiguration configuration) =>
        configuration.GetSection(DatabaseOptions.Section).Get<DatabaseOptions>() ?? new DatabaseOptions();
}
