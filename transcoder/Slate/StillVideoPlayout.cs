using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.IngestToTranscoder;

namespace Broadcast.Transcoder.Slate;

/// <summary>
/// Plays one audio publication with still video beside it into the next stage. An idle next stage runs on the writer's thread; when its
/// queue is full, the writer waits.
/// </summary>
internal sealed class StillVideoPlayout : IAsyncDisposable
{
    /// <summary>Maximum queued samples: the next stage takes them at once.</summary>
    private const int QueueLength = 64;

    /// <summary>Number of the video track, above those of encoders, rungs and silence.</summary>
    private const int StillTrack = 4000;

    /// <summary>Audio samples further apart than this have a hole, and so does the video. The packager allows no longer segment.</summary>
    private static readonly TimeSpan HoleThreshold = TimeSpan.FromSeconds(3);

    private readonly Channel<MediaSample> _queue = Channel.CreateBounded<MediaSample>(
        new BoundedChannelOptions(QueueLength) { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = true });
    private readonly IAsyncEnumerator<SlateFrame> _frames;
    private readonly Track _track;
    private readonly int _frameInterval;
    private readonly Task _running;
    private MediaTime? _position;

    /// <summary>Starts the playout.</summary>
    /// <param name="next">The next stage.</param>
    /// <param name="publication">The audio publication.</param>
    /// <param name="audioTracks">Its current tracks.</param>
    /// <param name="frames">Endless frames, positioned at the first, which is a sync sample.</param>
    /// <param name="frameInterval">Frame interval in ticks.</param>
    /// <param name="cancellationToken">Cancels the next stage.</param>
    public StillVideoPlayout(IPublicationSink next, Publication publication, IReadOnlyList<Track> audioTracks,
        IAsyncEnumerator<SlateFrame> frames, int frameInterval, CancellationToken cancellationToken)
    {
        (_frames, _frameInterval) = (frames, frameInterval);
        _track = new Track(StillTrack, frames.Current.Configuration, MediaTime.VideoTimescale);
        _running = RunAsync(next, publication with { Tracks = [_track, .. audioTracks], Samples = _queue.Reader }, cancellationToken);
    }

    /// <summary>Writes an audio frame, preceded by all video frames up to its time.</summary>
    /// <returns><see langword="false"/> if the next stage has ended.</returns>
    public async ValueTask<bool> PushAudioAsync(MediaSample sample)
    {
        var until = sample.Present.Rescale(MediaTime.VideoTimescale);
        if (_position is not { } position || (until - position).ToTimeSpan() > HoleThreshold)
        {
            position = until;
            // The frame after the hole must be a sync sample. Frames repeat, so one pass shows whether there is any.
            for (var passed = 0; !_frames.Current.IsSync; passed++)
            {
                if (passed == SlateVideo.MaxFrames || !await _frames.MoveNextAsync())
                {
                    return false;
                }
            }
        }

        for (; position <= until; position = position with { Ticks = position.Ticks + _frameInterval })
        {
            var frame = _frames.Current;
            if (!await WriteAsync(new MediaSample(_track, position, position, frame.IsSync, frame.Payload, sample.Arrival))
                || !await _frames.MoveNextAsync())
            {
                return false;
            }
        }

        _position = position;
        return await WriteAsync(sample);
    }

    /// <summary>Completes the output and waits until the next stage has delivered it.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _running;
    }

    private async ValueTask<bool> WriteAsync(MediaSample sample)
    {
        while (!_queue.Writer.TryWrite(sample))
        {
            if (!await _queue.Writer.WaitToWriteAsync())
            {
                return false;
            }
        }

        return true;
    }

    private async Task RunAsync(IPublicationSink next, Publication publication, CancellationToken cancellationToken)
    {
        try
        {
            await next.RunAsync(publication, cancellationToken);
        }
        finally
        {
            // Writers waiting for space must be released.
            _queue.Writer.TryComplete();
        }
    }
}
