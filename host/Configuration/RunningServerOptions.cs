using System.Diagnostics;
using System.Text.Json;
using Broadcast.Database;
using Broadcast.Media;

namespace Broadcast.Host.Configuration;

/// <summary>
/// Configuration of the server that runs on a data folder, for the commands that act on it: the shell of a command need not have the
/// server's environment, and without it the command would use another database. The file contains secrets and has mode 0600. A server that
/// stopped leaves only the fact that its database is configured elsewhere.
/// </summary>
internal static class RunningServerOptions
{
    /// <summary>Name in the data folder.</summary>
    public const string FileName = "server-options.json";

    /// <summary>Writes the configuration of this process, which runs the server.</summary>
    public static void Write(DataFolder data, IConfiguration configuration) =>
        WriteFile(data, new(Environment.ProcessId, HasOtherDatabase(configuration), Select(configuration)));

    /// <summary>Removes the configuration when the server has stopped.</summary>
    public static void Clear(DataFolder data, IConfiguration configuration)
    {
        try
        {
            WriteFile(data, new(0, HasOtherDatabase(configuration), []));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process id in the file is not that of a running server any more.
        }
    }

    /// <summary>Reads the configuration of the running server; <see langword="null"/> when none runs.</summary>
    /// <exception cref="StartException">A server may run, but its configuration is not readable.</exception>
    public static IConfigurationRoot? Find(DataFolder data) => Read(data) is { } file && IsRunning(file.Pid)
        ? new ConfigurationBuilder().AddInMemoryCollection(file.Options!).Build() : null;

    /// <summary>
    /// Rejects a configuration without a database server if the last server on this folder had one: the command would start an embedded
    /// server with an empty database.
    /// </summary>
    /// <exception cref="StartException">The configuration is incomplete.</exception>
    public static void RequireSameDatabase(DataFolder data, IConfiguration configuration)
    {
        if (Read(data) is { HasOtherDatabase: true } && !HasOtherDatabase(configuration))
        {
            throw new StartException(
                $"The server of {data.Path} is stopped, and its database is set by its environment, which this command does not have. Start "
                + $"the server, or set {ServerConfiguration.EnvironmentPrefix}Database__ConnectionString here. Nothing was changed.");
        }
    }

    private static bool HasOtherDatabase(IConfiguration configuration) =>
        !string.IsNullOrWhiteSpace(configuration[$"{DatabaseOptions.Section}:{nameof(DatabaseOptions.ConnectionString)}"]);

    private static Dictionary<string, string?> Select(IConfiguration configuration) => configuration.AsEnumerable()
        .Where(option => option.Value is not null).ToDictionary(option => option.Key, option => option.Value, StringComparer.Ordinal);

    private static void WriteFile(DataFolder data, Contents contents)
    {
        var path = Path.Combine(data.Path, FileName);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        // The mode applies only to a new file.
        File.Delete(path + ".new");
        using (var file = new FileStream(path + ".new", options))
        {
            JsonSerializer.Serialize(file, contents, ServerUrls.Json);
        }

        File.Move(path + ".new", path, overwrite: true);
    }

    private static Contents? Read(DataFolder data)
    {
        try
        {
            return JsonSerializer.Deserialize<Contents>(File.ReadAllBytes(Path.Combine(data.Path, FileName)), ServerUrls.Json);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new StartException(
                $"The configuration of the server on {data.Path} cannot be read: {e.Message} Run the command as the user of the server, or "
                + "with sudo. Nothing was changed.", e);
        }
    }

    private static bool IsRunning(int pid)
    {
        try
        {
            using var process = pid == 0 ? null : Process.GetProcessById(pid);
            return process is { HasExited: false };
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }

    private sealed record Contents(int Pid, bool HasOtherDatabase, Dictionary<string, string?>? Options);
}
