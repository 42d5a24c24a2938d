using System.CommandLine;
using System.Text.Json;
using Broadcast.Database;
using Broadcast.Host.Configuration;
using Broadcast.Media;
using Broadcast.Media.Storage;
using Spectre.Console;

namespace Broadcast.Host.Commands;

/// <summary>Shared behavior of all commands: the data folder, JSON or text output, and error messages.</summary>
internal static class CommandOutput
{
    /// <summary>Option for the data folder.</summary>
    public static Option<string?> Data { get; } = new("--data")
    {
        Description = "Data folder (BROADCAST_DATA, else ./data)", HelpName = "DIR", Recursive = true,
    };

    /// <summary>Option for machine-readable output.</summary>
    public static Option<bool> Json { get; } = new("--json") { Description = "Print JSON only", Recursive = true };

    /// <summary>Exit code of a failed command.</summary>
    public const int Failed = 1;

    /// <summary>Gets the data folder of a command line.</summary>
    public static DataFolder DataFolderOf(ParseResult parsed) => ServerConfiguration.Data(parsed.GetValue(Data));

    /// <summary>Runs a command. Errors that the operator can fix are shown as one message without a stack trace.</summary>
    public static Func<ParseResult, CancellationToken, Task<int>> HandleErrors(Func<ParseResult, CancellationToken, Task<int>> work) =>
        async (parsed, cancellationToken) =>
    {
        try
        {
            return await work(parsed, cancellationToken);
        }
        catch (Exception e) when (MessageOf(e) is { } message)
        {
            await Console.Error.WriteLineAsync(message);
            return Failed;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return 130;
        }
    };

    /// <summary>Prints a JSON object on one line.</summary>
    public static void PrintJson(object value) => Console.Out.WriteLine(JsonSerializer.Serialize(value, ServerUrls.Json));

    /// <summary>Prints a table: aligned on a terminal, tab-separated otherwise.</summary>
    public static void PrintTable(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        if (Console.IsOutputRedirected)
        {
            Console.Out.WriteLine(string.Join('\t', columns));
            foreach (var row in rows)
            {
                Console.Out.WriteLine(string.Join('\t', row));
            }

            return;
        }

        var table = new Table().Border(TableBorder.Simple);
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(Markup.Escape(column)));
        }

        foreach (var row in rows)
        {
            table.AddRow([.. row.Select(Markup.Escape)]);
        }

        AnsiConsole.Write(table);
    }

    private static string? MessageOf(Exception e) => e switch
    {
        StartException or OperationException or ObjectStoreException => e.Message,
        FormatException => e.Message,
        AggregateException many when many.InnerExceptions.All(inner => inner is Microsoft.Extensions.Options.OptionsValidationException) =>
            ServerConfiguration.FormatErrors([.. many.InnerExceptions.Cast<Microsoft.Extensions.Options.OptionsValidationException>()
                .SelectMany(options => options.Failures)]),
        AggregateException aggregate when aggregate.InnerExceptions.Select(MessageOf).ToList() is var all
            && all.TrueForAll(m => m is not null) => string.Join('\n', all),
        Microsoft.Extensions.Options.OptionsValidationException options => ServerConfiguration.FormatErrors([.. options.Failures]),
        _ => null,
    };
}
