using System.CommandLine;
using System.CommandLine.Parsing;
using Broadcast.Control;
using Broadcast.Host.Configuration;
using Broadcast.Host.Listening;
using Broadcast.Media;
using Broadcast.Storage;
using Broadcast.Transcoder.Encoders;

namespace Broadcast.Host.Commands;

/// <summary>Opens the database that a command works on, the same whether the server runs or not; a running server hears of the changes.</summary>
internal static class Store
{
    private static readonly Dictionary<string, string?> NoFlags = new(StringComparer.Ordinal);

    /// <summary>Runs work on the database that a command line's data folder names.</summary>
    public static Func<ParseResult, CancellationToken, Task<int>> Work(Func<ParseResult, Database, CancellationToken, Task> work) =>
        Output.Guarded(async (parsed, cancellationToken) =>
        {
            var folder = Output.Folder(parsed);
            using var acting = Act(parsed);
            await using var database = await OpenAsync(folder, cancellationToken);
            await work(parsed, database, cancellationToken);
            return 0;
        });

    /// <summary>What is changed from here on is done by whoever gave this command, as far as the audit log is concerned; until what is returned is disposed of.</summary>
    public static IDisposable Act(ParseResult parsed)
    {
        var words = new Stack<string>();
        for (SymbolResult? at = parsed.CommandResult; at is CommandResult { Parent: not null } command; at = at.Parent)
        {
            words.Push(command.Command.Name);
        }

        return Actor.Be(new(ActorKind.Command, Environment.UserName, string.Join(' ', words), ""));
    }

    /// <summary>Warns that the audit log has no row of what this command did.</summary>
    public static void Unnoted(string reason) => Console.Error.WriteLine($"Warning: this is done, but the audit log does not tell of it: {reason}");

    /// <summary>Opens a folder's database.</summary>
    public static Task<Database> OpenAsync(DataFolder folder, CancellationToken cancellationToken) => Database.OpenAsync(
        folder, Options(ServerConfiguration.Read(folder, NoFlags)), TimeProvider.System, cancellationToken: cancellationToken);

    /// <summary>Where viewers reach the server of a folder, when that is configured.</summary>
    public static string? PublicUrl(DataFolder folder) => Delivery(folder).PublicUrl;

    /// <summary>The addresses that the server of a folder hands out.</summary>
    public static DeliveryOptions Delivery(DataFolder folder) =>
        ServerConfiguration.Read(folder, NoFlags).GetSection(DeliveryOptions.Section).Get<DeliveryOptions>() ?? new DeliveryOptions();

    /// <summary>Whom the server of a folder asks.</summary>
    public static AuthorizationOptions Authorization(DataFolder folder) =>
        ServerConfiguration.Read(folder, NoFlags).GetSection(AuthorizationOptions.Section).Get<AuthorizationOptions>() ?? new AuthorizationOptions();

    /// <summary>How the control room of a folder's server behaves.</summary>
    public static ControlOptions Control(DataFolder folder) =>
        ServerConfiguration.Read(folder, NoFlags).GetSection(ControlOptions.Section).Get<ControlOptions>() ?? new ControlOptions();

    /// <summary>How the server of a folder encodes.</summary>
    public static EncodingOptions Encoding(DataFolder folder) =>
        ServerConfiguration.Read(folder, NoFlags).GetSection(EncodingOptions.Section).Get<EncodingOptions>() ?? new EncodingOptions();

    /// <summary>Where the server of a folder keeps objects.</summary>
    public static StorageOptions Storage(DataFolder folder) =>
        ServerConfiguration.Read(folder, NoFlags).GetSection(StorageOptions.Section).Get<StorageOptions>() ?? new StorageOptions();

    /// <summary>The database's options.</summary>
    public static DatabaseOptions Options(IConfiguration configuration) => configuration.GetSection(DatabaseOptions.Section).Get<DatabaseOptions>() ?? new DatabaseOptions();
}
