using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;
using Broadcast.Transcoder.Slate;

namespace Broadcast.Transcoder.Failover;

/// <summary>
/// The media that viewers get, as one publication for the next stage, regardless of its inputs. Single writer. An idle next stage runs on
/// the writer's thread; when its queue is full the writer waits, and further samples wait in the encoder's own queue under its policy.
/// </summary>
internal sealed class SwitchedOutput
{
    /// <summary>Maximum queued samples: the next stage takes them at once, and its own queue drops excess.</summary>
    private const int QueueLength = 64;

    /// <summary>Maximum frames held: half a minute at 60 fps.</summary>
    private const int MaxFrames = 1800;

    private readonly Channel<MediaSample> _queue = Channel.CreateBounded<MediaSample>(new BoundedChannelOptions(QueueLength)
    {
        SingleReader = true,
        SingleWriter = true,
        AllowSynchronousContinuations = true,
    });

    private readonly CancellationTokenSource _canceled = new();
    private readonly List<SwitchedTrack> _tracks;
    private readonly TrackKind _leadKind;
    private readonly List<MediaSample> _gop = [];
    private readonly long _gopBufferBytes;
    private long _gopBytes;
    private DateTimeOffset _arrival;

    /// <summary>Starts an output.</summary>
    /// <param name="next">The next stage.</param>
    /// <param name="grant">Grant of its first input.</param>
    /// <param name="tracks">Tracks of that input.</param>
    /// <param name="previous">The session's previous output, which the next stage completes first.</param>
    /// <param name="gopBufferBytes">Maximum bytes of the GOP buffer.</param>
    /// <param name="isSlate">Whether the first input is the slate.</param>
    public SwitchedOutput(IPublicationSink next, PublishGrant grant, IReadOnlyList<Track> tracks, SwitchedOutput? previous,
        long gopBufferBytes, bool isSlate)
    {
        _gopBufferBytes = gopBufferBytes;
        _tracks = [.. tracks.Select(t => new SwitchedTrack(t))];
        _leadKind = tracks.Any(t => t.Kind == TrackKind.Video) ? TrackKind.Video : TrackKind.Audio;
        Running = RunAsync(next, new Publication(grant, tracks, _queue.Reader) { IsSlate = isSlate }, previous?.Running
            ?? Task.CompletedTask);
    }

    /// <summary>Completes when the next stage has delivered everything, or has failed.</summary>
    public Task Running { get; }

    /// <summary>End of its leading track; <see langword="null"/> before the first sample.</summary>
    public SwitchedEnd? End => Lead?.End;

    /// <summary>
    /// End of its longest track; <see langword="null"/> before the first sample of the leading track. A publication that follows may not
    /// start before it.
    /// </summary>
    public SwitchedEnd? EndOfAllTracks
    {
        get
        {
            if (End is not { } all)
            {
                return null;
            }

            foreach (var track in _tracks)
            {
                if (track.End is { } end)
                {
                    all = new SwitchedEnd(end.Decode > all.Decode ? end.Decode : all.Decode,
                        end.Present > all.Present ? end.Present : all.Present);
                }
            }

            return all;
        }
    }

    /// <summary>The media that viewers have so far; <see langword="null"/> before the first sample.</summary>
    public InputLoss? LossFor(PublishGrant grant) => Lead is { } lead && EndOfAllTracks is { } end
        ? new InputLoss(grant, [.. _tracks.Select(t => t.Track)], [.. _gop], end, lead.SampleInterval, _arrival)
        : null;

    /// <summary>
    /// Returns whether an input's tracks can continue it without a discontinuity: the same number of each kind, with the same
    /// configuration.
    /// </summary>
    public bool Fits(IReadOnlyList<Track> tracks) => !Running.IsCompleted && tracks.Count == _tracks.Count
        && PairTracks(tracks).All(p => p.Output is not null && p.Output.Fits(p.Input));

    /// <summary>Continues with another input.</summary>
    /// <param name="tracks">The input's tracks, which must fit.</param>
    /// <param name="shift">Offset added to the input's timestamps.</param>
    public void Join(IReadOnlyList<Track> tracks, MediaTime shift)
    {
        foreach (var (input, output) in PairTracks(tracks))
        {
            output!.Assign(input, shift);
        }
    }

    /// <summary>Writes a sample if it can follow the previous ones.</summary>
    /// <returns><see langword="false"/> if the next stage has ended.</returns>
    public ValueTask<bool> WriteAsync(MediaSample sample)
    {
        if (!TrackOf(sample.Track).TryAppend(ref sample))
        {
            return ValueTask.FromResult(!Running.IsCompleted);
        }

        if (sample.Track.Id == Lead?.Track.Id)
        {
            Buffer(sample);
        }

        return _queue.Writer.TryWrite(sample) ? ValueTask.FromResult(true) : WaitAsync(sample);
    }

    /// <summary>Ends the output.</summary>
    public void Complete() => _queue.Writer.TryComplete();

    /// <summary>Cancels a next stage that takes too long.</summary>
    public Task CancelAsync() => _canceled.CancelAsync();

    private SwitchedTrack? Lead => _tracks.Find(t => t.Kind == _leadKind);

    /// <summary>Buffers the newest GOP, with one configuration; empty if it is too large.</summary>
    private void Buffer(in MediaSample sample)
    {
        _arrival = sample.Arrival;
        if (_gopBufferBytes == 0 || _leadKind != TrackKind.Video)
        {
            return;
        }

        if (sample.IsSync)
        {
            _gop.Clear();
            _gopBytes = 0;
        }

        if (sample.IsSync || _gop.Count > 0)
        {
            _gop.Add(sample);
            _gopBytes += sample.Payload.Length;
            if (_gopBytes > _gopBufferBytes || _gop.Count > MaxFrames)
            {
                _gop.Clear();
            }
        }
    }

    private async ValueTask<bool> WaitAsync(MediaSample sample)
    {
        while (await _queue.Writer.WaitToWriteAsync())
        {
            if (_queue.Writer.TryWrite(sample))
            {
                return true;
            }
        }

        return false;
    }

    private async Task RunAsync(IPublicationSink next, Publication publication, Task previous)
    {
        try
        {
            await previous.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await next.RunAsync(publication, _canceled.Token);
        }
        finally
        {
            // Writers waiting for space must be released.
            _queue.Writer.TryComplete();
        }
    }

    private SwitchedTrack TrackOf(Track track)
    {
        foreach (var output in _tracks)
        {
            if (output.IsAssigned(track))
            {
                return output;
            }
        }

        // The track appears late. The next stage decides whether it is within its limit.
        var lateTrack = new SwitchedTrack(track);
        _tracks.Add(lateTrack);
        return lateTrack;
    }

    /// <summary>Pairs the first video track of one with the first of the other, and so on.</summary>
    private IEnumerable<(Track Input, SwitchedTrack? Output)> PairTracks(IReadOnlyList<Track> tracks)
    {
        for (var i = 0; i < tracks.Count; i++)
        {
            var nth = tracks.Take(i).Count(t => t.Kind == tracks[i].Kind);
            yield return (tracks[i], _tracks.Where(t => t.Kind == tracks[i].Kind).ElementAtOrDefault(nth));
        }
    }
}
