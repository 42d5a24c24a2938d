using System.Globalization;
using Broadcast.Host.Listening;
using Broadcast.Host.Observability;
using Broadcast.Media;

namespace Broadcast.Host.Configuration;

/// <summary>Puts together what files, environment and flags say, the later winning, and refuses the whole with every mistake listed.</summary>
internal static class ServerConfiguration
{
    /// <summary>Environment variables begin with this: <c>BROADCAST__Storage__Bucket</c>.</summary>
    public const string EnvironmentPrefix = "BROADCAST__";

    /// <summary>The data folder: flag, then <c>BROADCAST_DATA</c>, then <c>./data</c>. Made when missing, open to nobody else; one that is there keeps its mode.</summary>
    /// <exception cref="StartException">It cannot be made.</exception>
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
                // Recordings, keys' hashes, logs with addresses: nothing in it is for others. The folders above are made as usual.
                if (Path.GetDirectoryName(path) is { } above)
                {
                    Directory.CreateDirectory(above);
                }

                Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            return new DataFolder(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"The data folder {path} cannot be made: {e.Message} Name another with --data DIR or BROADCAST_DATA.");
        }
    }

    /// <summary>Reads everything.</summary>
    /// <param name="data">The data folder, whose <c>appsettings.json</c> is read after the program's own.</param>
    /// <param name="flags">Options given on the command line.</param>
    /// <exception cref="StartException">A file is not JSON, or something in the whole is mistaken; all mistakes are listed.</exception>
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
            var mistakes = ConfigurationCheck.Mistakes(configuration, OptionSections.All).Concat(ListenMistakes(configuration)).Concat(TlsMistakes(configuration)).Concat(DeliveryMistakes(configuration)).ToList();
            if (mistakes.Count == 0)
            {
                mistakes.AddRange((configuration.GetSection(TelemetryOptions.Section).Get<TelemetryOptions>() ?? new()).Mistakes());
            }

            if (mistakes.Count == 0 && PublishDeadlines.Mistake(configuration) is { } tooShort)
            {
                mistakes.Add(tooShort);
            }

            return mistakes.Count == 0 ? configuration : throw new StartException(Refusal(mistakes));
        }
        catch (InvalidDataException e)
        {
            throw new StartException($"A configuration file is broken: {e.Message} {e.InnerException?.Message} Mend it, or move it away to start with defaults.");
        }
    }

    /// <summary>One message out of many mistakes.</summary>
    public static string Refusal(IReadOnlyCollection<string> mistakes) =>
        $"The configuration has {mistakes.Count} mistake{(mistakes.Count == 1 ? "" : "s")}:\n{string.Join('\n', mistakes.Select(m => "  - " + m))}\n"
        + $"Options come from appsettings.json, {EnvironmentPrefix}… variables and flags; docs/configuration.md lists them.";

    private static IEnumerable<string> ListenMistakes(IConfiguration configuration)
    {
        foreach (var entry in configuration.GetSection(ListenerOptions.Section).GetChildren())
        {
            string? mistake = null;
            try
            {
                if (entry.Value is { Length: > 0 } value)
                {
                    ListenAddress.Parse(value);
                }
            }
            catch (FormatException e)
            {
                mistake = $"{entry.Path}: {e.Message}";
            }

            if (mistake is not null)
            {
                yield return mistake;
            }
        }
    }

    private static IEnumerable<string> DeliveryMistakes(IConfiguration configuration)
    {
        if (!TrustedProxies.TryParse(configuration[$"{DeliveryOptions.Section}:{nameof(DeliveryOptions.TrustedProxies)}"], out _, out var wrong))
        {
            yield return $"{DeliveryOptions.Section}:{nameof(DeliveryOptions.TrustedProxies)} holds '{wrong}', {NetworkText.Complaint(wrong, "which is no address and no network; write 10.0.0.0/8, 192.0.2.7")}.";
        }
    }

    private static IEnumerable<string> TlsMistakes(IConfiguration configuration)
    {
        if (TimeSpan.TryParse(configuration[$"{TlsOptions.Section}:{nameof(TlsOptions.CheckInterval)}"], CultureInfo.InvariantCulture, out var interval)
            && (interval < TimeSpan.FromSeconds(1) || interval > TimeSpan.FromHours(1)))
        {
            yield return $"{TlsOptions.Section}:{nameof(TlsOptions.CheckInterval)} must be between 00:00:01 and 01:00:00.";
        }
    }
}
