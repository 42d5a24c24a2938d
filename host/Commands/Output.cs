using System.CommandLine;
using System.Text.Json;
using Broadcast.Host.Configuration;
using Broadcast.Media;
using Spectre.Console;

namespace Broadcast.Host.Commands;

/// <summary>What all commands share: the data folder, JSON or text, and how mistakes are shown.</summary>
internal static class Output
{
    /// <summary>The one folder that is written to.</summary>
    public static Option<string?> Data { get; } = new("--data")
    {
        Description = "The one folder that is written to (BROADCAST_DATA; ./data when not given)", HelpName = "DIR", Recursive = true,
    };

    /// <summary>Machine-readable output.</summary>
    public static Option<bool> Json { get; } = new("--json") { Description = "Standard output is JSON only", Recursive = true };

    /// <summary>Exit code of a command that could not do its work.</summary>
    public const int Failed = 1;

    /// <summary>The data folder that a command line names.</summary>
    public static DataFolder Folder(ParseResult parsed) => ServerConfiguration.Data(parsed.GetValue(Data));

    /// <summary>Runs a command's work; what an operator can mend is shown as one message, without a stack trace.</summary>
    public static Func<ParseResult, CancellationToken, Task<int>> Guarded(Func<ParseResult, CancellationToken, Task<int>> work) => async (parsed, cancellationToken) =>
    {
        try
        {
            return await work(parsed, cancellationToken);
        }
        catch (Exception e) when (Explain(e) is { } message)
        {
            await Console.Error.WriteLineAsync(message);
            return Failed;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return 130;
        }
    };

    /// <summary>Prints one JSON object on a line of its own.</summary>
    public static void Line(object value) => Console.Out.WriteLine(JsonSerializer.Serialize(value, ServerAddresses.Json));

    /// <summary>Prints a table; columns line up, and nothing is drawn around it where output is not a terminal.</summary>
    public static void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
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

    private static string? Explain(Exception e) => e switch
    {
        StartException or Control.ControlException or ObjectStoreException => e.Message,
        FormatException => e.Message,
        AggregateException many when many.InnerExceptions.All(inner => inner is Microsoft.Extensions.Options.OptionsValidationException) =>
            ServerConfiguration.Refusal([.. many.InnerExceptions.Cast<Microsoft.Extensions.Options.OptionsValidationException>().SelectMany(options => options.Failures)]),
        AggregateException aggregate when aggregate.InnerExceptions.Select(Explain).ToList() is var all && all.TrueForAll(m => m is not null) => string.Join('\n', all),
        Microsoft.Extensions.Options.OptionsValidationException options => ServerConfiguration.Refusal([.. options.Failures]),
        _ => null,
    };
}
