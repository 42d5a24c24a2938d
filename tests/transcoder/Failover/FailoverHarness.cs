using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;
using Broadcast.Testing;
using Broadcast.Transcoder.Failover;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Shouldly;

namespace Broadcast.Transcoder.Tests.Failover;

/// <summary>A switch between encoders and viewers, on the test's clock. Sent media are processed before the call returns.</summary>
internal sealed class FailoverHarness : IPublicationSink
{
    private readonly BroadcastSession _session;

    public FailoverHarness(FailoverOptions? options = null)
    {
        Switch = new InputSwitch(this, Options.Create(options ?? new()), slates: null, Time, NullLogger<InputSwitch>.Instance);
        _session = new(ChannelName.Parse("main"), SessionId.New(Time.GetUtcNow()), 1, Time.GetUtcNow(), LatencyProfile.Standard);
    }

    public ManualTimeProvider Time { get; } = new();

    public InputSwitch Switch { get; }

    /// <summary>Output to viewers, one list per discontinuity.</summary>
    public List<Aired> Runs { get; } = [];

    /// <summary>All output, in order.</summary>
    public List<MediaSample> All => [.. Runs.SelectMany(r => r.Samples)];

    /// <summary>Makes the next stage fail once, on the next sample.</summary>
    public bool Fails { get; set; }

    /// <summary>Makes the next stage stop reading its next publication, until that is canceled.</summary>
    public bool Hangs { get; set; }

    public IReadOnlyList<InputStatus> Inputs => Switch.Find(_session.Channel);

    public Encoder Connect(InputRole role, byte name, params Track[] tracks) =>
        new(this, new(Guid.NewGuid(), _session, "passthrough", default) { Role = role }, name, tracks);

    /// <summary>
    /// Sends from all encoders, frame by frame with an advancing clock: 25 frames per second with a keyframe every
    /// <paramref name="keyframeSeconds"/>, and audio.
    /// </summary>
    public void Send(double seconds, double keyframeSeconds, params Encoder[] encoders)
    {
        for (var frame = 0; frame < (int)Math.Round(seconds * 25); frame++)
        {
            Time.Advance(TimeSpan.FromMilliseconds(40));
            foreach (var encoder in encoders)
            {
                encoder.Frame((int)Math.Round(keyframeSeconds * 25));
            }
        }
    }

    public async Task RunAsync(Publication publication, CancellationToken cancellationToken)
    {
        var run = new Aired(publication.Tracks, []);
        Runs.Add(run);
        if (Hangs)
        {
            Hangs = false;
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        while (await publication.Samples.WaitToReadAsync(cancellationToken))
        {
            while (publication.Samples.TryRead(out var sample))
            {
                if (Fails)
                {
                    Fails = false;
                    throw new InvalidOperationException("failed");
                }

                run.Samples.Add(sample);
            }
        }

        run.IsOver = true;
    }
}

/// <summary>A publication at the next stage.</summary>
internal sealed record Aired(IReadOnlyList<Track> Tracks, List<MediaSample> Samples)
{
    public bool IsOver { get; set; }

    /// <summary>Indicates whether it is the slate.</summary>
    public bool IsSlate { get; init; }
}

/// <summary>An encoder that writes its name into the first byte of each payload.</summary>
internal sealed class Encoder
{
    private readonly FailoverHarness _studio;
    private readonly byte _name;
    private readonly Track[] _tracks;
    private readonly Channel<MediaSample> _queue =
        Channel.CreateBounded<MediaSample>(new BoundedChannelOptions(4096) { SingleReader = true, AllowSynchronousContinuations = true });
    private readonly CancellationTokenSource _cut = new();
    private int _frame;

    public Encoder(FailoverHarness studio, PublishGrant grant, byte name, Track[] tracks)
    {
        (_studio, _name, _tracks) = (studio, name, tracks);
        Running = studio.Switch.RunAsync(new Publication(grant, tracks, _queue.Reader), _cut.Token);
    }

    public Task Running { get; }

    /// <summary>Lead of its timestamps over the clock.</summary>
    public TimeSpan Ahead { get; set; }

    /// <summary>Bytes of a video frame.</summary>
    public int Size { get; set; } = 8;

    /// <summary>Delay between decoding and presentation of its frames.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Age of its audio relative to its video on arrival.</summary>
    public TimeSpan AudioLag { get; set; }

    /// <summary>Sends one frame of video and one of audio for the current time.</summary>
    public void Frame(int keyframes)
    {
        foreach (var track in _tracks)
        {
            Send(track, track.Kind == TrackKind.Audio || _frame % keyframes == 0);
        }

        _frame++;
    }

    public void Send(Track track, bool isSync)
    {
        var now = _studio.Time.GetUtcNow();
        var behind = track.Kind == TrackKind.Audio ? AudioLag : TimeSpan.Zero;
        var decode = MediaTime.From(_studio.Time.GetElapsedTime(0) + Ahead - behind, track.Timescale);
        var present = track.Kind == TrackKind.Video ? decode + MediaTime.From(Delay, track.Timescale) : decode;
        var payload = new byte[track.Kind == TrackKind.Video ? Size : 8];
        payload[0] = _name;
        _queue.Writer.TryWrite(new MediaSample(track, decode, present, isSync, payload, now)).ShouldBeTrue("the switch reads");
    }

    /// <summary>Closes its connection.</summary>
    public async Task LeaveAsync()
    {
        _queue.Writer.Complete();
        await Running.WaitAsync(TimeSpan.FromSeconds(20));
    }

    /// <summary>Simulates ingest's timeout for the stages.</summary>
    public void Cut() => _cut.Cancel();
}
