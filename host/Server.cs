using System.Net;
using Broadcast.Cluster;
using Broadcast.Cluster.Connections;
using Broadcast.Control;
using Broadcast.Control.Access;
using Broadcast.Control.Api;
using Broadcast.Control.Channels;
using Broadcast.Control.Pages;
using Broadcast.Control.Publishing;
using Broadcast.Control.Servers;
using Broadcast.Control.Storage;
using Broadcast.Host.Clock;
using Broadcast.Host.Configuration;
using Broadcast.Host.GarbageCollection;
using Broadcast.Host.Listening;
using Broadcast.Host.Observability;
using Broadcast.Host.Observability.Measuring;
using Broadcast.Host.Pages;
using Broadcast.Host.Roles;
using Broadcast.Ingest;
using Broadcast.Media;
using Broadcast.Media.HostToControl;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.PackagerToOrigin;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace Broadcast.Host;

/// <summary>The server: runs the services of all roles behind their listeners, from locking the data folder to graceful shutdown.</summary>
internal sealed partial class Server(DataFolder data, IConfiguration configuration, ServerRoles roles, StartupBanner banner)
    : IAsyncDisposable
{
    /// <summary>Timeout for closing connections: slow readers and incomplete requests must not use up the time of the stages.</summary>
    private static readonly TimeSpan ConnectionTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Time to disconnect an encoder that ignored the reconnect request.</summary>
    private static readonly TimeSpan DisconnectTime = TimeSpan.FromSeconds(1);

    /// <summary>Maximum shutdown time of the stages; unfinished work is resumed at the next start.</summary>
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);

    private readonly MonotonicTimeProvider _time = new(TimeProvider.System);
    private readonly Listeners _listeners = new();
    private readonly CertificateReloader _certificate =
        new(configuration.GetSection(TlsOptions.Section).Get<TlsOptions>() ?? new TlsOptions(), data, TimeProvider.System);
    private WebApplication? _app;

    /// <summary>Runs the server until it is stopped.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="StartException">The server could not start; nothing remains running.</exception>
    public async Task<int> RunAsync(CancellationToken stopping)
    {
        using var dataFolderLock = DataFolderLock.Acquire(data);
        ThreadPoolMinimum.Apply();
        RunningServerOptions.Write(data, configuration);
        try
        {
            _certificate.Load();
            return await RunLockedAsync(dataFolderLock, stopping);
        }
        finally
        {
            RunningServerOptions.Clear(data, configuration);
        }
    }

    private async Task<int> RunLockedAsync(DataFolderLock dataFolderLock, CancellationToken stopping)
    {
        _app = Build();
        try
        {
            await StartAsync(_app, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return 0;
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw new StartException($"{e.Message} Choose another with --rtmp, --rtmps, --http, --https or --internal.", e);
        }

        var urls = BuildUrls();
        dataFolderLock.PublishUrls(urls);
        var firstRun = await FirstRunAsync();
        var channel = firstRun is null ? ControlOptions.FirstChannel : firstRun.Channel
            ?? await _app.Services.GetRequiredService<ChannelRepository>().DefaultAsync(stopping);
        banner.Print(urls, _app.Services.GetRequiredService<IOptions<DeliveryOptions>>().Value, channel, firstRun?.StreamKey,
            firstRun?.SetupCode, roles);
        var logger = _app.Services.GetRequiredService<ILogger<Server>>();
        Started(logger, roles, urls.Rtmp ?? "no address", urls.Http ?? "no address", data.Path);
        _certificate.Start(_app.Services.GetRequiredService<ILogger<CertificateReloader>>());

        await WaitAsync(stopping);
        Stopping(logger);
        await _app.Services.GetRequiredService<ServerDrain>().DrainBeforeStopAsync();
        await StopAsync(_app, logger);
        Stopped(logger);
        return 0;
    }

    /// <summary>
    /// Starts all services. If one fails, stops the others: on disposal without a stop, the host would log their cancellation as a failure.
    /// </summary>
    private static async Task StartAsync(WebApplication app, CancellationToken stopping)
    {
        try
        {
            await app.StartAsync(stopping);
        }
        catch
        {
            try
            {
                using var timeout = new CancellationTokenSource(StopTimeout);
                await app.StopAsync(timeout.Token);
            }
            catch (Exception e) when (e is AggregateException or OperationCanceledException)
            {
                // The reason why the server does not start is reported, not the consequences.
            }

            throw;
        }
    }

    /// <summary>
    /// Stops in two steps, because the web host has a single shutdown timeout: first the listeners, then the stages, which get no more
    /// input.
    /// </summary>
    private static async Task StopAsync(WebApplication app, ILogger logger)
    {
        app.Lifetime.StopApplication();
        var reconnect = app.Services.GetRequiredService<IOptions<IngestOptions>>().Value.ReconnectWait + DisconnectTime;
        using (var timeout = new CancellationTokenSource(reconnect > ConnectionTimeout ? reconnect : ConnectionTimeout))
        {
            await app.Services.GetRequiredService<IServer>().StopAsync(timeout.Token);
        }

        try
        {
            using var timeout = new CancellationTokenSource(StopTimeout);
            await app.StopAsync(timeout.Token);
        }
        catch (Exception e)
        {
            StopIncomplete(logger, e);
        }

        await app.Services.ExportLastAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _certificate.Dispose();
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }
    }

    private WebApplication Build()
    {
        var limits = new ConnectionLimits(OpenFileLimit.ConnectionsOf(OpenFileLimit.Read()),
            configuration.GetSection(DeliveryOptions.Section).Get<DeliveryOptions>() ?? new DeliveryOptions());
        var builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, ApplicationName = "broadcast" });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddConfiguration(configuration);
        builder.Services.AddBroadcastLogging(configuration, data);
        builder.Services.AddSingleton<IHostLifetime, QuietLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopTimeout);
        builder.Services.AddSingleton(data);
        builder.Services.AddSingleton(_time);
        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.Services.AddHostedService<ClockStepMonitor>();
        builder.Services.AddSingleton<MetricsText>();
        ProcessMetrics.Add();
        builder.Services.Configure<TelemetryOptions>(configuration.GetSection(TelemetryOptions.Section));
        builder.Services.AddOtlpExport(configuration);
        builder.Services.AddHostedService<RejectedConnections>();
        builder.Services.AddHostedService<IdleGcService>();
        builder.Services.Configure<ListenerOptions>(configuration.GetSection(ListenerOptions.Section));
        builder.Services.Configure<TlsOptions>(configuration.GetSection(TlsOptions.Section));
        builder.Services.Configure<DeliveryOptions>(configuration.GetSection(DeliveryOptions.Section));
        builder.Services.AddSingleton<IChannelRuntimeStates, ChannelRuntimeStates>();
        if (roles.Media)
        {
            builder.Services.AddSingleton<IEncoderList, EncoderList>();
        }

        builder.Services.AddSingleton<DelayMeter>();
        builder.Services.AddSingleton<ITimelineSink>(services => services.GetRequiredService<DelayMeter>());
        builder.Services.AddSingleton<MeasurementService>();
        builder.Services.AddSingleton<IChannelMeasurements>(services => services.GetRequiredService<MeasurementService>());
        builder.Services.AddHostedService(services => services.GetRequiredService<MeasurementService>());
        builder.Services.AddSingleton<IStorageProbe, StorageProbe>();
        builder.Services.AddSingleton<IViewerUrls, ViewerUrlProvider>();
        builder.Services.AddSingleton<IPublishUrls>(services => new PublishUrlProvider(
            _listeners.Find, services.GetRequiredService<IOptions<DeliveryOptions>>(),
            services.GetRequiredService<IOptions<IngestOptions>>(), services.GetRequiredService<IOptions<TlsOptions>>(),
            roles.Ingest ? null : services.GetRequiredService<IOptions<ListenerOptions>>().Value));
        builder.Services.AddSingleton<IInternalListener>(services => new InternalListener(
            _listeners.Find, services.GetRequiredService<IOptions<ClusterOptions>>()));
        builder.Services.AddSingleton(roles);
        Module.AddAll(builder.Services, configuration, roles);

        builder.Services.Configure<ControlOptions>(control => control.CreateFirstChannel |= banner.IsUp);
        builder.Services.PostConfigure<IngestOptions>(ingest =>
            ingest.MaxUnpublishedConnections = Math.Min(ingest.MaxUnpublishedConnections, limits.MaxUnpublished));
        builder.Services.Configure<SocketTransportOptions>(HttpServerLimits.Apply);
        builder.WebHost.ConfigureKestrel((_, kestrel) =>
        {
            // This runs first when the application is built. Services that read their options in a constructor would otherwise hide the
            // errors of other options.
            kestrel.ApplicationServices.GetService<IStartupValidator>()?.Validate();
            _listeners.Configure(
                kestrel,
                configuration.GetSection(ListenerOptions.Section).Get<ListenerOptions>() ?? new ListenerOptions(),
                configuration.GetSection(TlsOptions.Section).Get<TlsOptions>() ?? new TlsOptions(),
                new TlsConnectionMiddleware(_certificate, TimeProvider.System), limits, roles);
        });
        var app = builder.Build();
        Map(app);
        return app;
    }

    private void Map(WebApplication app)
    {
        ConnectionLimits.Use(app);
        app.UseSafeHeaders();
        app.UseTrustedProxies(app.Services.GetRequiredService<IOptions<DeliveryOptions>>().Value.TrustedProxies);

        // The internal listener serves health, metrics and other servers; the public ones serve everything else.
        app.UseInternalPort(() => _listeners.InternalPort,
            endpoints =>
            {
                InternalPages.Map(endpoints, app.Services.GetRequiredService<MetricsText>(), app.Lifetime,
                    () => app.Services.GetRequiredService<ServerDrain>().IsDraining);
                endpoints.MapCluster();
            },
            PeerRequests.IdentifyAsync);
        app.UseControl();
        foreach (var module in Module.All)
        {
            module.Map(app, roles);
        }

        if (roles.Control)
        {
            MapPages(app);
        }
    }

    private void MapPages(WebApplication app)
    {
        var delivery = configuration.GetSection(DeliveryOptions.Section).Get<DeliveryOptions>() ?? new DeliveryOptions();
        var metadata = new PageMetadata(
            app.Services.GetRequiredService<IPageData>(), app.Services.GetRequiredService<IViewerUrls>(),
            app.Services.GetService<IViewerAuthorizer>(), app.Services.GetService<IProgramGuide>(),
            app.Services.GetService<IPosters>(), app.Services.GetService<IChannelRecordings>());
        var pages = new WebPages(Path.Combine(AppContext.BaseDirectory, "wwwroot"), delivery.MediaUrl, metadata);
        pages.Map(app);
        var access = new PageAccess(metadata, app.Services.GetService<IViewerAuthorizer>());
        var recordings = new RecordingPages(pages, metadata, access, app.Services.GetRequiredService<ILogger<RecordingPages>>(),
            app.Services.GetService<IRecordingCatalog>());
        recordings.Map(app);
        new EventPages(pages, metadata, access, recordings, TimeProvider.System,
            app.Services.GetRequiredService<ILogger<EventPages>>()).Map(app);
    }

    private ServerUrls BuildUrls() => new(
        Ready: true,
        Rtmp: UrlOf("rtmp", "RTMP"),
        Rtmps: UrlOf("rtmps", "RTMPS"),
        Http: UrlOf("http", "HTTP"),
        Internal: ListenAddress.ToLocalUrl("http", _listeners.Find(InternalListener.Name)!),
        Data: data.Path)
    {
        LanAddress = ListenAddress.FindLanAddress([.. new[] { _listeners.Find("RTMP"), _listeners.Find("HTTP") }.OfType<IPEndPoint>()]),
        Https = UrlOf("https", "HTTPS"),
    };

    private string? UrlOf(string scheme, string listener) =>
        _listeners.Find(listener) is { } bound ? ListenAddress.ToLocalUrl(scheme, bound) : null;

    /// <summary>Result of the control module's first run; <see langword="null"/> while a configured database is unavailable.</summary>
    private async Task<FirstRunResult?> FirstRunAsync()
    {
        var completion = _app!.Services.GetRequiredService<FirstRun>().Completion;
        return completion.IsCompletedSuccessfully ? await completion : null;
    }

    private static async Task WaitAsync(CancellationToken stopping)
    {
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stopping.Register(stop.SetResult);
        await stop.Task;
    }

    [LoggerMessage(7001, LogLevel.Information, "Started with roles {Roles}: encoders at {Rtmp}, viewers at {Http}, data in {Data}")]
    private static partial void Started(ILogger logger, ServerRoles roles, string rtmp, string http, string data);

    [LoggerMessage(7002, LogLevel.Information, "Stopping")]
    private static partial void Stopping(ILogger logger);

    [LoggerMessage(7003, LogLevel.Information, "Stopped")]
    private static partial void Stopped(ILogger logger);

    [LoggerMessage(7004, LogLevel.Warning, "Shutdown timed out; the next start resumes unfinished work")]
    private static partial void StopIncomplete(ILogger logger, Exception exception);

    /// <summary>A host lifetime without output; the program handles signals.</summary>
    private sealed class QuietLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
