using Broadcast.Media;
using Serilog;
using Serilog.Events;

namespace Broadcast.Host.Observability;

/// <summary>
/// Logs to standard error, as text on a terminal and as one JSON object per line otherwise, and to a rolling JSON file in the data folder.
/// </summary>
internal static class Logging
{
    private const long FileBytes = 50 * 1024 * 1024;

    /// <summary>
    /// Replaces the providers of Microsoft.Extensions.Logging with Serilog. The section <c>Serilog</c> may set levels and further sinks.
    /// </summary>
    public static void AddBroadcastLogging(this IServiceCollection services, IConfiguration configuration, DataFolder data) =>
        services.AddSerilog(settings => Configure(settings, configuration, data), preserveStaticLogger: true);

    private static void Configure(LoggerConfiguration settings, IConfiguration configuration, DataFolder data)
    {
        settings
            .MinimumLevel.Information()
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .MinimumLevel.Override("Microsoft.AspNetCore.Server.Kestrel", LogEventLevel.Error)
            .MinimumLevel.Override("System", LogEventLevel.Warning)
            .MinimumLevel.Override("Grpc", LogEventLevel.Error)
            .ReadFrom.Configuration(configuration)
            .Enrich.FromLogContext();
        settings.WriteTo.Logger(console =>
        {
            console.Filter.ByExcluding(IsFailedStart);
            if (Console.IsErrorRedirected)
            {
                console.WriteTo.Console(new JsonLogFormatter(), standardErrorFromLevel: LogEventLevel.Verbose);
            }
            else
            {
                console.WriteTo.Console(
                    outputTemplate: "{Timestamp:HH:mm:ss} {Level:u3} {Message:lj}{NewLine}{Exception}",
                    standardErrorFromLevel: LogEventLevel.Verbose);
            }
        });
        settings.WriteTo.File(
            new JsonLogFormatter(), Path.Combine(data.Subfolder("logs"), "broadcast-.log"),
            rollingInterval: RollingInterval.Day,
            fileSizeLimitBytes: FileBytes, rollOnFileSizeLimit: true, retainedFileCountLimit: 14, shared: false);
    }

    /// <summary>
    /// Returns whether the entry is the host's own startup error with a stack trace. The command prints one clear message instead; the file
    /// keeps the trace.
    /// </summary>
    private static bool IsFailedStart(LogEvent entry) =>
        entry.MessageTemplate.Text == "Hosting failed to start"
        && entry.Properties.GetValueOrDefault("SourceContext") is ScalarValue { Value: "Microsoft.Extensions.Hosting.Internal.Host" };
}
