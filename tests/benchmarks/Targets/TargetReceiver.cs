using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Broadcast.Ingest;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broadcast.Benchmarks;

/// <summary>A platform: the ingest module in this process, with a record of what arrives per stream key.</summary>
internal sealed class TargetReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly RecordingSink _sink;

    private TargetReceiver(WebApplication app, RecordingSink sink)
    {
        (_app, _sink) = (app, sink);
        Port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
    }

    /// <summary>RTMP port on the loopback address.</summary>
    public int Port { get; }

    /// <summary>Address without the stream key.</summary>
    public string Address => $"rtmp://127.0.0.1:{Port}/live";

    /// <summary>Number of publications on all keys that have sent media in the last second.</summary>
    public int Active => _sink.Receptions.Values.Sum(reception => reception.Active);

    /// <summary>Starts the server on a free port.</summary>
    public static async Task<TargetReceiver> StartAsync()
    {
        var sink = new RecordingSink();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IPublishAuthorizer, IngestOnlyHost.PermissiveAuthorizer>().AddSingleton<IPublicationSink>(sink)
            .AddIngest(builder.Configuration);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(new RtmpEndPoint(IPAddress.Loopback, 0), listen => listen.UseRtmp()));
        var app = builder.Build();
        await app.StartAsync();
        return new TargetReceiver(app, sink);
    }

    /// <summary>Gets the record of a stream key, which is also its channel.</summary>
    public Reception Of(string key) => _sink.Of(key);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private sealed class RecordingSink : IPublicationSink
    {
        public ConcurrentDictionary<string, Reception> Receptions { get; } = [];

        public Reception Of(string key) => Receptions.GetOrAdd(key, _ => new Reception());

        public async Task RunAsync(Publication publication, CancellationToken cancellationToken)
        {
            var reception = Of(publication.Grant.Session.Channel.Value);
            reception.Begin();
            while (await publication.Samples.WaitToReadAsync(cancellationToken))
            {
                while (publication.Samples.TryRead(out var sample))
                {
                    reception.Record(sample);
                }
            }
        }
    }
}

/// <summary>Figures of the media that arrives for one stream key. Thread-safe.</summary>
internal sealed class Reception
{
    private readonly Lock _lock = new();
    private readonly HashSet<Broadcast.Media.Codecs.CodecConfig> _configurations = [];
    private long _lastArrival;
    private MediaTime? _last;
    private long? _firstArrival;

    /// <summary>Number of publications.</summary>
    public int Publications { get; private set; }

    /// <summary>Number of video frames.</summary>
    public long Frames { get; private set; }

    /// <summary>Longest time between two video frames of a publication, by arrival.</summary>
    public TimeSpan LongestSilence { get; private set; }

    /// <summary>Longest time between two video frames of a publication, by timestamp.</summary>
    public TimeSpan LongestStep { get; private set; }

    /// <summary>Number of video frames whose timestamp is not later than the previous one's, within a publication.</summary>
    public int BackwardSteps { get; private set; }

    /// <summary>Number of different video configurations.</summary>
    public int Configurations => _configurations.Count;

    /// <summary>1 if a video frame has arrived in the last second, otherwise 0.</summary>
    public int Active => Stopwatch.GetElapsedTime(Volatile.Read(ref _lastArrival)) < TimeSpan.FromSeconds(1) ? 1 : 0;

    /// <summary>Arrival of the first video frame since <see cref="Reset"/>, as a timestamp of <see cref="Stopwatch"/>.</summary>
    public long? FirstArrival
    {
        get
        {
            lock (_lock)
            {
                return _firstArrival;
            }
        }
    }

    /// <summary>Forgets the figures, but not the last frame.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            (Publications, Frames, BackwardSteps, _firstArrival) = (0, 0, 0, null);
            (LongestSilence, LongestStep) = (TimeSpan.Zero, TimeSpan.Zero);
            _configurations.Clear();
        }
    }

    /// <summary>Returns a copy of the figures.</summary>
    public Reception Snapshot()
    {
        lock (_lock)
        {
            var copy = new Reception
            {
                Publications = Publications, Frames = Frames, LongestSilence = LongestSilence, LongestStep = LongestStep,
                BackwardSteps = BackwardSteps,
            };
            copy._configurations.UnionWith(_configurations);
            return copy;
        }
    }

    /// <summary>Records the beginning of a publication.</summary>
    public void Begin()
    {
        lock (_lock)
        {
            Publications++;
            _last = null;
        }
    }

    /// <summary>Records a sample.</summary>
    public void Record(in MediaSample sample)
    {
        if (sample.Track.Kind != TrackKind.Video)
        {
            return;
        }

        lock (_lock)
        {
            var now = Stopwatch.GetTimestamp();
            _firstArrival ??= now;
            if (_last is { } last)
            {
                LongestSilence = Longer(LongestSilence, Stopwatch.GetElapsedTime(_lastArrival, now));
                LongestStep = Longer(LongestStep, (sample.Decode - last).ToTimeSpan());
                BackwardSteps += sample.Decode > last ? 0 : 1;
            }

            (_last, _lastArrival) = (sample.Decode, now);
            _configurations.Add(sample.Track.Config);
            Frames++;
        }
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
