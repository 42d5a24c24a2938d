using System.Diagnostics;
using System.Globalization;
using Broadcast.Database;
using Broadcast.Database.Postgres;
using Npgsql;

namespace Broadcast.Control.Backup;

/// <summary>
/// Runs PostgreSQL's client programs (<c>pg_dump</c>, <c>pg_restore</c>, <c>psql</c>) on an open database. Connection settings, including
/// the password, are passed in the environment, because other users can list arguments.
/// </summary>
internal sealed class PostgresClient
{
    private const int MaxErrorLength = 16 * 1024;
    private readonly PostgresBinaries _binaries;
    private readonly Dictionary<string, string> _environment;

    private PostgresClient(PostgresBinaries binaries, Dictionary<string, string> environment) =>
        (_binaries, _environment) = (binaries, environment);

    /// <summary>Finds the programs for a database server.</summary>
    /// <param name="connection">Connection to the server.</param>
    /// <param name="settings">Settings of the connection.</param>
    /// <exception cref="OperationException">The programs are not installed or too old.</exception>
    public static PostgresClient For(NpgsqlConnection connection, NpgsqlConnectionStringBuilder settings) =>
        new(PostgresBinaries.FindClient(connection.PostgreSqlVersion.Major), EnvironmentOf(connection, settings));

    /// <summary>Converts an Npgsql connection string to libpq's environment variables.</summary>
    internal static Dictionary<string, string> EnvironmentOf(NpgsqlConnection connection, NpgsqlConnectionStringBuilder settings)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // Of several hosts, use the one that this connection reached.
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
    /// <param name="program">Name of the program.</param>
    /// <param name="arguments">Arguments without secrets.</param>
    /// <param name="input">Writes the program's input, which is closed afterwards.</param>
    /// <param name="output">Reads the program's output.</param>
    /// <param name="cancellationToken">Kills the program.</param>
    /// <exception cref="OperationException">The program failed; the message contains its error output.</exception>
    public async Task RunAsync(
        string program, IReadOnlyList<string> arguments, Func<Stream, CancellationToken, Task>? input,
        Func<Stream, CancellationToken, Task> output, CancellationToken cancellationToken)
    {
        var start = PostgresProgram.Prepare(_binaries.Program(program), arguments);
        foreach (var (name, value) in _environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        try
        {
            // All three streams must be served or both sides block. If one fails, the program is killed.
            await using var registration = cancellationToken.Register(() => Kill(process));
            var errorOutput = ReadErrorAsync(process.StandardError);
            await Task.WhenAll(errorOutput, OrKillAsync(process, output(process.StandardOutput.BaseStream, cancellationToken)),
                OrKillAsync(process, WriteAsync(process, input, cancellationToken)));
            cancellationToken.ThrowIfCancellationRequested();
            await process.WaitForExitAsync(cancellationToken);
            if (process.ExitCode != 0)
            {
                throw new OperationException(OperationErrorCode.Broken, $"{program} failed: {await errorOutput}");
            }
        }
        finally
        {
            Kill(process);
        }
    }

    private static string OptionsOf(NpgsqlConnectionStringBuilder settings)
    {
        var path = string.IsNullOrEmpty(settings.SearchPath) ? ""
            : $" -c search_path={settings.SearchPath.Replace("\\", @"\\", StringComparison.Ordinal).Replace(" ", @"\ ", StringComparison.Ordinal)}";
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
            // It has just exited.
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
            // It exited before reading all input; its exit code and error output give the reason.
        }
    }

    private static async Task<string> ReadErrorAsync(StreamReader error)
    {
        var errorOutput = new System.Text.StringBuilder();
        while (await error.ReadLineAsync() is { } line)
        {
            if (errorOutput.Length < MaxErrorLength && line.Length > 0)
            {
                errorOutput.Append(errorOutput.Length > 0 ? " " : "").Append(line);
            }
        }

        return errorOutput.ToString();
    }
}
