using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.PackagerToControl;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Packager.Recovery;
using Broadcast.Packager.Sessions;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broadcast.Packager.Tests;

/// <summary>A packager as in the server, with a disk in memory and a stopped clock.</summary>
internal sealed class PackagerHarness : IDisposable
{
    private readonly DeferredWork _deferred;

    public PackagerHarness(FakeSpool? spool = null, ManualTimeProvider? time = null, PackagerOptions? options = null,
        CapturingLogger? log = null, DataFolder? data = null, ISessionOwnership? ownership = null)
    {
        Spool = spool ?? new FakeSpool();
        Time = time ?? new ManualTimeProvider(Encoder.Noon);
        Log = log ?? new CapturingLogger();
        Options = options ?? new PackagerOptions();
        _deferred = new DeferredWork(Time, NullLogger<DeferredWork>.Instance);
        Stage = new PackagingStage(Spool, [Sink], Microsoft.Extensions.Options.Options.Create(Options), Time, _deferred,
            Log.For<PackagingStage>(), ownership);
        Recovery = new RecoveryService(Spool, Spool.Store, Stage, Microsoft.Extensions.Options.Options.Create(Options), Time, _deferred,
            new SettledSessions(data), Log.For<RecoveryService>());
    }

    public FakeSpool Spool { get; }

    public ManualTimeProvider Time { get; }

    public PackagerOptions Options { get; }

    public RecordingSink Sink { get; } = new();

    public CapturingLogger Log { get; }

    public PackagingStage Stage { get; }

    public RecoveryService Recovery { get; }

    /// <summary>Indicates whether the next publication is the slate.</summary>
    public bool IsSlate { get; set; }

    public async Task<PackagerHarness> StartAsync()
    {
        await Recovery.StartAsync(CancellationToken.None);
        return this;
    }

    /// <summary>Packages samples and waits until all are on the timeline.</summary>
    public async Task PublishAsync(BroadcastSession session, IReadOnlyList<RenditionSample> samples, params Rendition[] renditions)
    {
        var publication = Begin(session, renditions);
        publication.Send(samples);
        await publication.EndAsync();
    }

    /// <summary>Starts a publication whose samples follow later.</summary>
    public Publishing Begin(BroadcastSession session, params Rendition[] renditions)
    {
        var queue = Channel.CreateBounded<RenditionSample>(new BoundedChannelOptions(100_000) { AllowSynchronousContinuations = true });
        var set = new RenditionSet(session, renditions.Length > 0 ? renditions : [Encoder.Source, Encoder.AudioTrack],
            queue.Reader) { IsSlate = IsSlate };
        return new Publishing(queue.Writer, Stage.RunAsync(set, CancellationToken.None));
    }

    public SessionTimeline Timeline(BroadcastSession session) => Sink.Timelines[session.Id];

    public void Dispose()
    {
        Recovery.StopAsync(CancellationToken.None).GetAwaiter().GetResult();
        Recovery.Dispose();
        _deferred.Dispose();
    }

    internal sealed record Publishing(ChannelWriter<RenditionSample> Writer, Task Running)
    {
        public void Send(IEnumerable<RenditionSample> samples)
        {
            foreach (var sample in samples)
            {
                Writer.TryWrite(sample).ShouldBeTrue();
            }
        }

        public async Task EndAsync()
        {
            Writer.TryComplete();
            await Running.WaitAsync(TimeSpan.FromSeconds(30));
        }
    }
}

/// <summary>Keeps its events and applies them to timelines, as the origin does.</summary>
internal sealed class RecordingSink : ITimelineSink
{
    public List<(SessionId Session, IReadOnlyList<TimelineEvent> Events)> Batches { get; } = [];

    public Dictionary<SessionId, SessionTimeline> Timelines { get; } = [];

    public List<SessionId> Forgotten { get; } = [];

    public List<SessionId> Released { get; } = [];

    public Action<IReadOnlyList<TimelineEvent>>? OnAppend { get; set; }

    public IEnumerable<TimelineEvent> Events => Batches.SelectMany(batch => batch.Events);

    public void Append(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events)
    {
        lock (Batches)
        {
            Batches.Add((session, events));
            foreach (var @event in events)
            {
                if (@event is TimelineEvent.Started started && !Timelines.ContainsKey(session))
                {
                    Timelines[session] = new SessionTimeline(started.Session);
                }

                Timelines[session].Apply(@event);
            }
        }

        OnAppend?.Invoke(events);
    }

    public void Forget(ChannelName channel, SessionId session)
    {
        lock (Batches)
        {
            Forgotten.Add(session);
            Timelines.Remove(session);
        }
    }

    public void Release(ChannelName channel, SessionId session)
    {
        lock (Batches)
        {
            Released.Add(session);
            Timelines.Remove(session);
        }
    }
}
