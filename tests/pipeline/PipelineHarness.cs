using Broadcast.Ingest.Publishing;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.PackagerToControl;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Storage;
using Broadcast.Origin;
using Broadcast.Packager;
using Broadcast.Packager.Sessions;
using Broadcast.Storage;
using Broadcast.Storage.Spooling;
using Broadcast.Transcoder;
using Broadcast.Transcoder.Failover;
using Broadcast.Transcoder.Slate;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broadcast.Pipeline.Tests;

/// <summary>
/// All stages between the encoder's FLV tags and the viewer's HTTP requests in this process, on a data folder and with the test's clock;
/// nothing waits for real time.
/// </summary>
internal sealed class PipelineHarness : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<FlvEncoder> _cameras = [];
    private bool _stopped;

    private PipelineHarness(WebApplication app, ManualTimeProvider time, string folder, CapturingLogger log)
    {
        (_app, Time, Folder, Log) = (app, time, folder, log);
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
    }

    public ManualTimeProvider Time { get; }

    public string Folder { get; }

    public HttpClient Client { get; }

    public CapturingLogger Log { get; }

    public SpoolStatus Spool => _app.Services.GetRequiredService<SpoolMonitor>().Read();

    /// <summary>Target of ingest's publications.</summary>
    public IPublicationSink Sink => _app.Services.GetRequiredService<IPublicationSink>();

    public IObjectStore Store => _app.Services.GetRequiredService<IObjectStore>();

    public IReadOnlyList<PackagedSession> Sessions => _app.Services.GetRequiredService<IPackagedSessions>().Current;

    /// <param name="folder">The data folder.</param>
    /// <param name="time">The clock.</param>
    /// <param name="options">Additional configuration. Thumbnails are off by default, because they need real processes.</param>
    public static Task<PipelineHarness> StartAsync(string folder, ManualTimeProvider time,
        params KeyValuePair<string, string?>[] options) => StartAsync(folder, time, (ISessionVisibility?)null, options);

    /// <param name="folder">The data folder.</param>
    /// <param name="time">The clock.</param>
    /// <param name="slate">Encodes slates without a process.</param>
    /// <param name="sink">Receives the timelines of all sessions.</param>
    public static Task<PipelineHarness> StartAsync(string folder, ManualTimeProvider time, SlateEncoder slate, ITimelineSink sink) =>
        StartAsync(folder, time, services => services.AddSingleton(slate).AddSingleton(sink), []);

    /// <param name="folder">The data folder.</param>
    /// <param name="time">The clock.</param>
    /// <param name="audience">Visibility of sessions to viewers; by default everything is visible.</param>
    /// <param name="options">Additional configuration.</param>
    public static Task<PipelineHarness> StartAsync(string folder, ManualTimeProvider time, ISessionVisibility? audience,
        params KeyValuePair<string, string?>[] options) =>
        StartAsync(folder, time, services => _ = audience is null ? services : services.AddSingleton(audience), options);

    private static async Task<PipelineHarness> StartAsync(string folder, ManualTimeProvider time, Action<IServiceCollection> configure,
        KeyValuePair<string, string?>[] options)
    {
        var builder = WebApplication.CreateSlimBuilder();
        var log = new CapturingLogger(LogLevel.Information);
        builder.Logging.ClearProviders().AddProvider(log);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(
        [
            new("Storage:FlushToDisk", "false"),
            new("Spool:RecoverySeconds", "0"),
            new("Thumbnails:Enabled", "false"),
            .. options,
        ]);
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.Services.AddSingleton(new DataFolder(folder));
        builder.Services.AddSingleton<Progress>();
        builder.Services.AddSingleton<ITimelineSink>(provider => provider.GetRequiredService<Progress>());
        configure(builder.Services);
        builder.Services.AddStorage(builder.Configuration);
        builder.Services.AddOrigin(builder.Configuration);
        builder.Services.AddPackager(builder.Configuration);
        builder.Services.AddTranscoder(builder.Configuration);
        var app = builder.Build();
        app.MapOrigin();
        await app.StartAsync();
        return new PipelineHarness(app, time, folder, log);
    }

    public static BroadcastSession Session(ManualTimeProvider time, string channel = "main", LatencyProfile? latency = null) =>
        new(ChannelName.Parse(channel), SessionId.New(time.GetUtcNow()), 1, time.GetUtcNow(), latency ?? LatencyProfile.Standard);

    /// <summary>Indicates whether viewers of a channel get the slate.</summary>
    public bool IsOnSlate(ChannelName channel) => _app.Services.GetRequiredService<IChannelInputs>().IsOnSlate(channel);

    /// <summary>Connects an encoder, whose media pass through ingest's readers and clocks.</summary>
    public FlvEncoder Connect(BroadcastSession session) => Attach(new FlvEncoder(Time), session);

    /// <summary>The same for an existing encoder.</summary>
    public FlvEncoder Attach(FlvEncoder camera, BroadcastSession session, InputRole role = InputRole.Primary)
    {
        camera.Open(new PublicationBuilder(
            new PublishGrant(Guid.NewGuid(), session, "passthrough", CancellationToken.None) { Role = role },
            publication => camera.Publication = (publication, Sink.RunAsync(publication, _stop.Token))));
        var progress = _app.Services.GetRequiredService<Progress>();
        camera.Announced = () => progress.Of(session);
        _cameras.Add(camera);
        return camera;
    }

    /// <summary>Several encoders send in parallel for some seconds of the test's clock.</summary>
    public async Task SendAsync(double seconds, params FlvEncoder[] cameras)
    {
        var end = Time.GetUtcNow() + TimeSpan.FromSeconds(seconds);
        while (Time.GetUtcNow() < end)
        {
            var until = Time.GetUtcNow() + TimeSpan.FromMilliseconds(20);
            foreach (var camera in cameras)
            {
                await camera.SendToAsync(until);
            }

            if (Time.GetUtcNow() < until)
            {
                Time.Advance(until - Time.GetUtcNow());
            }
        }
    }

    public async Task EndAsync(BroadcastSession session) =>
        await _app.Services.GetRequiredService<ISessionLifecycle>().EndAsync(session.Channel, session.Id, "over", CancellationToken.None);

    public async Task<Playlist> PlaylistAsync(BroadcastSession session, string rendition = "source") =>
        Playlist.Parse(await Client.GetStringAsync($"/live/{session.Channel}/{session.Id}/{rendition}.m3u8"));

    public async Task<Mpd> MpdAsync(BroadcastSession session) =>
        Mpd.Parse(await Client.GetStringAsync($"/live/{session.Channel}/{session.Id}/manifest.mpd"));

    public Task<byte[]> MediaAsync(BroadcastSession session, string address) =>
        Client.GetByteArrayAsync($"/live/{session.Channel}/{session.Id}/{address}");

    public async Task<IReadOnlyList<string>> StoredAsync(string prefix = "live/")
    {
        List<string> names = [];
        await foreach (var found in Store.ListAsync(prefix, CancellationToken.None))
        {
            names.Add(found.Name.Value);
        }

        return names;
    }

    /// <summary>Waits until the playlist contains a segment: recently sent media can still be in the stages.</summary>
    public Task<Playlist> ReachAsync(BroadcastSession session, long segment) => ReachAsync(session, "source", segment);

    /// <summary>The same for another rendition.</summary>
    public async Task<Playlist> ReachAsync(BroadcastSession session, string rendition, long segment)
    {
        await Poll.UntilAsync(async () => (await PlaylistAsync(session, rendition)).Last >= segment,
            description: $"segment {segment} is listed");
        return await PlaylistAsync(session, rendition);
    }

    /// <summary>Advances the clock until no stored object has this text in its name.</summary>
    public Task GoneFromStoreAsync(string part, string prefix = "live/") => Poll.UntilAsync(
        async () =>
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            return (await StoredAsync(prefix)).All(name => !name.Contains(part, StringComparison.Ordinal));
        },
        description: $"{part} is deleted");

    /// <summary>Waits until the store contains all complete objects.</summary>
    public Task UploadedAsync() => Poll.UntilAsync(() => Spool is { WaitingFiles: 0, PendingDeletions: 0 });

    /// <summary>Copies the state that kill -9 would leave at this moment to another folder.</summary>
    public async Task<string> KilledImageAsync(TempFolder folder)
    {
        await UploadedAsync();
        var image = folder.Sub($"image-{Guid.NewGuid():N}");
        (await ChildProcess.RunAsync("cp", ["-a", Folder, image])).EnsureSuccess();
        return image;
    }

    /// <summary>Shuts down the stages, as SIGTERM does. The clock advances meanwhile, because stopping stages can wait for it.</summary>
    public async Task StopAsync()
    {
        if (_stopped)
        {
            return;
        }

        _stopped = true;
        await _stop.CancelAsync();
        foreach (var camera in _cameras)
        {
            await camera.GoneAsync();
        }

        var stopping = _app.StopAsync();
        await Poll.UntilAsync(() =>
        {
            Time.Advance(TimeSpan.FromMilliseconds(10));
            return stopping.IsCompleted;
        });
        await stopping;
        await _app.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await StopAsync();
        _stop.Dispose();
    }
}
