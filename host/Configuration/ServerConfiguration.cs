using System.Globalization;
using Broadcast.Host.Listening;
using Broadcast.Host.Observability;
using Broadcast.Media;
using Broadcast.Media.Outbound;

namespace Broadcast.Host.Configuration;

/// <summary>
/// Merges configuration files, environment and flags, later sources winning, and rejects an invalid result with all errors.
/// </summary>
internal static class ServerConfiguration
{
    /// <summary>Prefix of environment variables: <c>BROADCAST__Storage__Bucket</c>.</summary>
    public const string EnvironmentPrefix = "BROADCAST__";

    /// <summary>
    /// Gets the data folder: flag, then <c>BROADCAST_DATA</c>, then <c>./data</c>. A missing folder is created for the current user only;
    /// an existing one keeps its mode.
    /// </summary>
    /// <exception cref="StartException">The folder cannot be created.</exception>
    public static DataFolder Data(string? flag)
    {
        var path = Path.GetFullPath(flag ?? Environment.GetEnvironmentVariable("BROADCAST_DATA") ?? "data");
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(path);
            }
            else if (!Directory.Exists(path))
            {
                // Recordings, key hashes and logs with IP addresses are private. Parent folders get the default mode.
                if (Path.GetDirectoryName(path) is { } parent)
                {
                    Directory.CreateDirectory(parent);
                }

                Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            return new DataFolder(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"The data folder {path} cannot be created: {e.Message} Set --data DIR or BROADCAST_DATA.");
        }
    }

    /// <summary>Reads the complete configuration.</summary>
    /// <param name="data">The data folder; its <c>appsettings.json</c> overrides the program's.</param>
    /// <param name="flags">Options from the command line.</param>
    /// <exception cref="StartException">A file is not valid JSON, or the configuration is invalid; all errors are listed.</exception>
    public static IConfigurationRoot Read(DataFolder data, IReadOnlyDictionary<string, string?> flags)
    {
        var files = new[] { Path.Combine(AppContext.BaseDirectory, "appsettings.json"), Path.Combine(data.Path, "appsettings.json") };
        try
        {
            var builder = new ConfigurationBuilder();
            foreach (var file in files)
            {
                builder.AddJsonFile(file, optional: true, reloadOnChange: false);
            }

            var configuration = builder.AddEnvironmentVariables(EnvironmentPrefix).AddInMemoryCollection(flags).Build();
            var errors = ConfigurationCheck.FindErrors(configuration, OptionSections.All).Concat(ListenErrors(configuration))
                .Concat(TlsErrors(configuration)).Concat(DeliveryErrors(configuration)).Concat(ConnectionErrors(configuration)).ToList();
            if (errors.Count == 0)
            {
                errors.AddRange((configuration.GetSection(TelemetryOptions.Section).Get<TelemetryOptions>() ?? new()).FindErrors());
            }

            if (errors.Count == 0 && PublishDeadlines.FindError(configuration) is { } deadlineError)
            {
                errors.Add(deadlineError);
            }

            return errors.Count == 0 ? configuration : throw new StartException(FormatErrors(errors));
        }
        catch (InvalidDataException e)
        {
            throw new StartException(
                $"A configuration file is invalid: {e.Message} {e.InnerException?.Message} Fix it, or move it away to use the defaults.");
        }
    }

    /// <summary>
    /// Reads the configuration for a command: that of the server that runs on the folder, whatever environment the command has. Without a
    /// running server, the command reads it as a server would.
    /// </summary>
    /// <exception cref="StartException">The configuration is invalid, or is not that of the folder's server.</exception>
    public static IConfigurationRoot ReadForCommand(DataFolder data)
    {
        if (RunningServerOptions.Find(data) is { } running)
        {
            return running;
        }

        var configuration = Read(data, new Dictionary<string, string?>(StringComparer.Ordinal));
        RunningServerOptions.RequireSameDatabase(data, configuration);
        return configuration;
    }

    /// <summary>Combines errors into one message.</summary>
    public static string FormatErrors(IReadOnlyCollection<string> errors) =>
        $"The configuration has {errors.Count} "
        + $"error{(errors.Count == 1 ? "" : "s")}:\n{string.Join('\n', errors.Select(m => "  - " + m))}\n"
        + $"Options are read from appsettings.json, {EnvironmentPrefix}… variables and flags; see docs/configuration.md.";

    private static IEnumerable<string> ListenErrors(IConfiguration configuration)
    {
        foreach (var entry in configuration.GetSection(ListenerOptions.Section).GetChildren())
        {
            string? error = null;
            try
            {
                if (entry.Value is { Length: > 0 } value)
                {
                    ListenAddress.Parse(value);
                }
            }
            catch (FormatException e)
            {
                error = $"{entry.Path}: {e.Message}";
            }

            if (error is not null)
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<string> DeliveryErrors(IConfiguration configuration)
    {
        if (!TrustedProxies.TryParse(configuration[$"{DeliveryOptions.Section}:{nameof(DeliveryOptions.TrustedProxies)}"], out _,
            out var invalidEntry))
        {
            yield return $"{DeliveryOptions.Section}:{nameof(DeliveryOptions.TrustedProxies)} contains '{invalidEntry}', {CidrListParser.DescribeError(invalidEntry, "which is neither an IP address nor a network; use for example 10.0.0.0/8, 192.0.2.7")}.";
        }
    }

    private static IEnumerable<string> ConnectionErrors(IConfiguration configuration)
    {
        const string Option = $"{DeliveryOptions.Section}:{nameof(DeliveryOptions.MaxConnectionsPerClient)}";
        if (configuration[Option] is { } text
            && !(int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value is >= 1 and <= 1_000_000))
        {
            yield return $"{Option} is '{text}', but must be 1 to 1,000,000.";
        }
    }

    private static IEnumerable<string> TlsErrors(IConfiguration configuration)
    {
        if (TimeSpan.TryParse(configuration[$"{TlsOptions.Section}:{nameof(TlsOptions.CheckInterval)}"], CultureInfo.InvariantCulture,
            out var interval)
            && (interval < TimeSpan.FromSeconds(1) || interval > TimeSpan.FromHours(1)))
        {
            yield return $"{TlsOptions.Section}:{nameof(TlsOptions.CheckInterval)} must be between 00:00:01 and 01:00:00.";
        }
    }
}
