using Broadcast.Control;
using Broadcast.Host.Clock;
using Broadcast.Host.Configuration;
using Broadcast.Host.Listening;
using Broadcast.Host.Memory;
using Broadcast.Host.Observability;
using Broadcast.Host.Observability.Measuring;
using Broadcast.Host.Pages;
using Broadcast.Host.Roles;
using Broadcast.Ingest;
using Broadcast.Media;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace Broadcast.Host;

/// <summary>The server: the roles' services behind their ports, from claim of the data folder to graceful stop.</summary>
internal sealed partial class Server(DataFolder data, IConfiguration configuration, IReadOnlyList<Role> roles, Greeting greeting) : IAsyncDisposable
{
    /// <summary>How long connections may take to end by themselves: a viewer who reads slowly, or a request that never comes whole, must not use up the stages' time.</summary>
    private static readonly TimeSpan ConnectionPatience = TimeSpan.FromSeconds(2);

    /// <summary>What it takes to part from an encoder that was asked to reconnect and did not.</summary>
    private static readonly TimeSpan FarewellTime = TimeSpan.FromSeconds(1);

    /// <summary>Longest that the stages may then take; what is not done by then is left to the next start, which every stage is made for.</summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);

    private readonly SteadyTime _time = new(TimeProvider.System);
    private readonly Listeners _listeners = new();
    private readonly CertificateWatch _certificate = new(configuration.GetSection(TlsOptions.Section).Get<TlsOptions>() ?? new TlsOptions(), data, TimeProvider.System);
    private WebApplication? _app;

    /// <summary>Runs until told to stop.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="StartException">It could not start; nothing is left behind.</exception>
    public async Task<int> RunAsync(CancellationToken stopping)
    {
        using var claim = RunningServer.Claim(data);
        _certificate.Load();
        _app = Build();
        try
        {
            await _app.StartAsync(stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return 0;
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw new StartException($"{e.Message} Choose another with --rtmp, --rtmps, --http, --https or --internal.", e);
        }

        var addresses = Addresses();
        claim.Announce(addresses);
        var first = await FirstRunAsync();
        var channel = first is null ? ControlOptions.FirstChannel : first.Channel ?? await _app.Services.GetRequiredService<ChannelDirectory>().DefaultAsync(stopping);
        greeting.Say(addresses, _app.Services.GetRequiredService<IOptions<DeliveryOptions>>().Value, channel, first?.StreamKey, first?.SetupCode);
        var logger = _app.Services.GetRequiredService<ILogger<Server>>();
        Started(logger, addresses.Rtmp, addresses.Http, data.Path);
        _certificate.Start(_app.Services.GetRequiredService<ILogger<CertificateWatch>>());

        await WaitAsync(stopping);
        Stopping(logger);
        await StopAsync(_app, logger);
        Stopped(logger);
        return 0;
    }

    /// <summary>Stops in two steps, because the web host gives ports and stages one deadline: first the ports, then the stages, to whom nobody comes any more.</summary>
    private static async Task StopAsync(WebApplication app, ILogger logger)
    {
        app.Lifetime.StopApplication();
        var reconnect = app.Services.GetRequiredService<IOptions<IngestOptions>>().Value.ReconnectWait + FarewellTime;
        using (var patience = new CancellationTokenSource(reconnect > ConnectionPatience ? reconnect : ConnectionPatience))
        {
            await app.Services.GetRequiredService<IServer>().StopAsync(patience.Token);
        }

        try
        {
            using var patience = new CancellationTokenSource(StopPatience);
            await app.StopAsync(patience.Token);
        }
        catch (Exception e)
        {
            StopIncomplete(logger, e);
        }
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
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, ApplicationName = "broadcast" });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddConfiguration(configuration);
        builder.Logging.AddBroadcastLogging(configuration, data);
        builder.Services.AddSingleton<IHostLifetime, QuietLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopPatience);
        builder.Services.AddSingleton(data);
        builder.Services.AddSingleton(_time);
        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.Services.AddHostedService<ClockWatch>();
        builder.Services.AddSingleton<MetricsText>();
        ProcessMetrics.Add();
        builder.Services.Configure<TelemetryOptions>(configuration.GetSection(TelemetryOptions.Section));
        builder.Services.AddHostedService<OtlpExport>();
        builder.Services.AddHostedService<RefusedConnections>();
        builder.Services.AddHostedService<IdleCollection>();
        builder.Services.Configure<ListenerOptions>(configuration.GetSection(ListenerOptions.Section));
        builder.Services.Configure<TlsOptions>(configuration.GetSection(TlsOptions.Section));
        builder.Services.Configure<DeliveryOptions>(configuration.GetSection(DeliveryOptions.Section));
        builder.Services.AddSingleton<IChannelStates, ChannelStates>();
        builder.Services.AddSingleton<IEncoderList, EncoderList>();
        builder.Services.AddSingleton<DelayMeter>();
        builder.Services.AddSingleton<ITimelineSink>(services => services.GetRequiredService<DelayMeter>());
        builder.Services.AddSingleton<Measurer>();
        builder.Services.AddSingleton<IChannelMeasurements>(services => services.GetRequiredService<Measurer>());
        builder.Services.AddHostedService(services => services.GetRequiredService<Measurer>());
        builder.Services.AddSingleton<IStorageProbe, StorageProbe>();
        builder.Services.AddSingleton<IViewerAddresses, ViewerAddressBook>();
        builder.Services.AddSingleton<IPublishAddresses>(services => new PublishAddressBook(
            _listeners.Find, services.GetRequiredService<IOptions<DeliveryOptions>>(), services.GetRequiredService<IOptions<IngestOptions>>(), services.GetRequiredService<IOptions<TlsOptions>>()));
        foreach (var role in roles)
        {
            role.Add(builder.Services, configuration);
        }

        builder.Services.Configure<ControlOptions>(control => control.CreateFirstChannel |= greeting.IsUp);
        builder.Services.Configure<SocketTransportOptions>(ViewerLimits.Apply);
        builder.WebHost.ConfigureKestrel((_, kestrel) =>
        {
            // The first to make services, at once when the application is built: one that reads its own options in its constructor would hide the mistakes in all others'.
            kestrel.ApplicationServices.GetService<IStartupValidator>()?.Validate();
            _listeners.Configure(
                kestrel,
                configuration.GetSection(ListenerOptions.Section).Get<ListenerOptions>() ?? new ListenerOptions(),
                configuration.GetSection(TlsOptions.Section).Get<TlsOptions>() ?? new TlsOptions(),
                new TlsFront(_certificate, TimeProvider.System));
        });
        var app = builder.Build();
        Map(app);
        return app;
    }

    private void Map(WebApplication app)
    {
        app.UseSafeHeaders();
        app.UseTrustedProxies(app.Services.GetRequiredService<IOptions<DeliveryOptions>>().Value.TrustedProxies);

        // The internal listener serves health and metrics alone; the public ones serve everything else.
        app.UseInternalPort(() => _listeners.InternalPort, endpoints => InternalPages.Map(endpoints, app.Services.GetRequiredService<MetricsText>(), app.Lifetime));
        app.UseControl();
        foreach (var role in roles)
        {
            role.Map(app);
        }

        var delivery = configuration.GetSection(DeliveryOptions.Section).Get<DeliveryOptions>() ?? new DeliveryOptions();
        var telling = new PageTelling(
            app.Services.GetRequiredService<IPageFacts>(), app.Services.GetRequiredService<IViewerAddresses>(), app.Services.GetService<IViewerAuthority>(), app.Services.GetService<IAnnouncements>(),
            app.Services.GetService<IPosters>(), app.Services.GetService<IReplays>());
        var pages = new WebPages(Path.Combine(AppContext.BaseDirectory, "wwwroot"), delivery.MediaUrl, telling);
        pages.Map(app);
        new EventPages(pages, telling, _time, app.Services.GetRequiredService<ILogger<EventPages>>(), app.Services.GetService<IViewerAuthority>()).Map(app);
    }

    private ServerAddresses Addresses() => new(
        Ready: true,
        Rtmp: ListenAddress.ForClients("rtmp", _listeners.Find("RTMP")!),
        Rtmps: ListenAddress.ForClients("rtmps", _listeners.Find("RTMPS")!),
        Http: ListenAddress.ForClients("http", _listeners.Find("HTTP")!),
        Internal: ListenAddress.ForClients("http", _listeners.Find("internal HTTP")!),
        Data: data.Path)
    {
        Elsewhere = ListenAddress.ForOthers([_listeners.Find("RTMP")!, _listeners.Find("HTTP")!]),
        Https = _listeners.Find("HTTPS") is { } https ? ListenAddress.ForClients("https", https) : null,
    };

    /// <summary>What the control room has to tell; nothing while a configured database is away.</summary>
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

    [LoggerMessage(7001, LogLevel.Information, "Started: encoders at {Rtmp}, viewers at {Http}, data in {Data}")]
    private static partial void Started(ILogger logger, string rtmp, string http, string data);

    [LoggerMessage(7002, LogLevel.Information, "Stopping")]
    private static partial void Stopping(ILogger logger);

    [LoggerMessage(7003, LogLevel.Information, "Stopped")]
    private static partial void Stopped(ILogger logger);

    [LoggerMessage(7004, LogLevel.Warning, "Not everything was finished in time; the next start goes on with it")]
    private static partial void StopIncomplete(ILogger logger, Exception exception);

    /// <summary>Signals are handled by the program, and nothing is printed that is not ours.</summary>
    private sealed class QuietLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
