using System.Diagnostics;
using System.Globalization;
using Broadcast.Control.PrivateServer;
using Npgsql;

namespace Broadcast.Control;

/// <summary>
/// PostgreSQL's own programs (<c>pg_dump</c>, <c>pg_restore</c>, <c>psql</c>) on an open database. What they need to get in, a password too, stands in their environment, never in
/// their arguments, which others can list.
/// </summary>
internal sealed class PostgresClient
{
    private const int MaxWords = 16 * 1024;
    private readonly PostgresBinaries _binaries;
    private readonly Dictionary<string, string> _environment;

    private PostgresClient(PostgresBinaries binaries, Dictionary<string, string> environment) => (_binaries, _environment) = (binaries, environment);

    /// <summary>Finds the programs for a database's server.</summary>
    /// <param name="connection">A connection to it.</param>
    /// <param name="settings">How that was made.</param>
    /// <exception cref="ControlException">They are not installed, or too old.</exception>
    public static PostgresClient For(NpgsqlConnection connection, NpgsqlConnectionStringBuilder settings) =>
        new(PostgresBinaries.FindClient(connection.PostgreSqlVersion.Major), EnvironmentOf(connection, settings));

    /// <summary>How libpq is told what Npgsql's connection string says.</summary>
    internal static Dictionary<string, string> EnvironmentOf(NpgsqlConnection connection, NpgsqlConnectionStringBuilder settings)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // Of several hosts the one that this connection found.
            ["PGHOST"] = connection.Host ?? "localhost",
            ["PGPORT"] = connection.Port.ToString(CultureInfo.InvariantCulture),
            ["PGDATABASE"] = connection.Database,
            ["PGCONNECT_TIMEOUT"] = "10",
            ["PGAPPNAME"] = DatabaseBackup.ApplicationName,
            ["PGSSLMODE"] = settings.SslMode switch
            {
                SslMode.Disable => "disable",
                SslMode.Allow => "allow",
                SslMode.Require => "require",
                SslMode.VerifyCA => "verify-ca",
                SslMode.VerifyFull => "verify-full",
                _ => "prefer",
            },
        };
        Add("PGUSER", settings.Username ?? Environment.GetEnvironmentVariable("PGUSER"));
        Add("PGPASSWORD", settings.Password ?? Environment.GetEnvironmentVariable("PGPASSWORD"));
        Add("PGPASSFILE", settings.Passfile ?? Environment.GetEnvironmentVariable("PGPASSFILE"));
        Add("PGSSLROOTCERT", settings.RootCertificate);
        Add("PGSSLCERT", settings.SslCertificate);
        Add("PGSSLKEY", settings.SslKey);
        Add("PGOPTIONS", OptionsOf(settings));
        return environment;

        void Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                environment[name] = value;
            }
        }
    }

    /// <summary>Runs a program.</summary>
    /// <param name="program">Its name.</param>
    /// <param name="arguments">Its arguments; nothing secret.</param>
    /// <param name="input">Writes what it reads; it is closed then.</param>
    /// <param name="output">Takes what it writes.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ControlException">It failed; the message has its own words.</exception>
    public async Task RunAsync(
        string program, IReadOnlyList<string> arguments, Func<Stream, CancellationToken, Task>? input, Func<Stream, CancellationToken, Task> output, CancellationToken cancellationToken)
    {
        var start = Command.Prepare(_binaries.Program(program), arguments);
        foreach (var (name, value) in _environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        try
        {
            // Each of the three must be served, or the program waits for us and we for it; so where one fails, the program ends.
            await using var end = cancellationToken.Register(() => Kill(process));
            var words = WordsAsync(process.StandardError);
            await Task.WhenAll(words, OrKillAsync(process, output(process.StandardOutput.BaseStream, cancellationToken)), OrKillAsync(process, WriteAsync(process, input, cancellationToken)));
            cancellationToken.ThrowIfCancellationRequested();
            await process.WaitForExitAsync(cancellationToken);
            if (process.ExitCode != 0)
            {
                throw new ControlException(ControlCode.Broken, $"{program} failed: {await words}");
            }
        }
        finally
        {
            Kill(process);
        }
    }

    private static string OptionsOf(NpgsqlConnectionStringBuilder settings)
    {
        var path = string.IsNullOrEmpty(settings.SearchPath) ? "" : $" -c search_path={settings.SearchPath.Replace("\\", @"\\", StringComparison.Ordinal).Replace(" ", @"\ ", StringComparison.Ordinal)}";
        return (settings.Options + path).Trim();
    }

    private static async Task OrKillAsync(Process process, Task work)
    {
        try
        {
            await work;
        }
        catch
        {
            Kill(process);
            throw;
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
        catch (InvalidOperationException)
        {
            // It has just ended.
        }
    }

    private static async Task WriteAsync(Process process, Func<Stream, CancellationToken, Task>? input, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = process.StandardInput.BaseStream;
            if (input is not null)
            {
                await input(stream, cancellationToken);
            }
        }
        catch (IOException)
        {
            // It has ended before it read all: its exit code and words say why.
        }
    }

    private static async Task<string> WordsAsync(StreamReader error)
    {
        var words = new System.Text.StringBuilder();
        while (await error.ReadLineAsync() is { } line)
        {
            if (words.Length < MaxWords && line.Length > 0)
            {
                words.Append(words.Length > 0 ? " " : "").Append(line);
            }
        }

        return words.ToString();
    }
}
