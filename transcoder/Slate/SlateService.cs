using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.IngestToTranscoder;
using Broadcast.Media.TranscoderToControl;
using Broadcast.Transcoder.Audio;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Failover;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Slate;

/// <summary>
/// Keeps a session running after its encoder is lost: the last frame is held for a moment, then the slate plays in real time with silence,
/// as another input of the session's <see cref="SessionSwitch"/>. It plays until an encoder's keyframe replaces it or the session ends.
/// </summary>
/// <param name="options">The slate options.</param>
/// <param name="encoding">Options with the path of ffmpeg.</param>
/// <param name="channels">Slates of channels; <see langword="null"/> if there is no store.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
/// <param name="encoder">The encoder; <see langword="null"/> for ffmpeg.</param>
internal sealed class SlateService(IOptions<SlateOptions> options, IOptions<EncodingOptions> encoding, IChannelSlates? channels,
    TimeProvider time, ILogger<SlateService> logger, SlateEncoder? encoder = null) : IDisposable
{
    /// <summary>Maximum queued samples: the switch takes them at once.</summary>
    private const int QueueLength = 64;

    /// <summary>Time after which a channel whose slate waits for others gets the built-in slate.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _slots = new(options.Value.MaxConcurrent, options.Value.MaxConcurrent);

    // Separate, because slates and ends of sources are untrusted and may be slow to process. The built-in image is neither.
    private readonly SemaphoreSlim _builtInSlots = new(options.Value.MaxConcurrent, options.Value.MaxConcurrent);

    /// <summary>The configured options.</summary>
    public SlateOptions Options => options.Value;

    /// <summary>Plays a slate for as long as it is needed.</summary>
    /// <param name="sessionSwitch">The session's switch.</param>
    /// <param name="loss">The media that viewers had.</param>
    /// <param name="cancellationToken">Stops the slate because the session or the process ends.</param>
    public async Task RunAsync(SessionSwitch sessionSwitch, InputLoss loss, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(loss.StartDelay, time, cancellationToken);
            if (sessionSwitch.HasSource)
            {
                return;
            }

            if (loss.Tracks.FirstOrDefault(t => t.Kind == TrackKind.Video) is { } video)
            {
                await ShowAsync(sessionSwitch, loss, video, cancellationToken);
            }
            else if (loss.Tracks.Count > 0)
            {
                await using var playout = new SlatePlayout(sessionSwitch, loss, video: null, time);
                await playout.RunAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Normal end.
        }
        catch (Exception e)
        {
            SlateLog.Failed(logger, loss.Grant.Session.Channel.Value, e.Message);
        }
    }

    /// <summary>Starts encoding a channel's slate as video for an audio-only source.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="format">Output format.</param>
    /// <param name="cancellationToken">Cancels waiting for other slates being encoded.</param>
    public async Task<SlateVideo> MakeAsync(ChannelName channel, SlateFormat format, CancellationToken cancellationToken) =>
        await MakeAsync(new SlateInput([], format, Hold: 0), await FileAsync(channel, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _slots.Dispose();
        _builtInSlots.Dispose();
    }

    private async Task ShowAsync(SessionSwitch sessionSwitch, InputLoss loss, Track video, CancellationToken cancellationToken)
    {
        var file = await FileAsync(loss.Grant.Session.Channel, cancellationToken);
        await using var slateVideo = await MakeAsync(loss, video, file, cancellationToken);
        await using var playout = new SlatePlayout(sessionSwitch, loss, video, time);
        await foreach (var frame in slateVideo.ReadAsync(cancellationToken))
        {
            if (!await playout.ShowAsync(frame, cancellationToken))
            {
                return;
            }
        }
    }

    private Task<SlateVideo> MakeAsync(InputLoss loss, Track video, SlateFile file, CancellationToken cancellationToken)
    {
        var sourceFormat = video.Config.VideoFormat;
        var format = SlateFormat.For(
            sourceFormat?.Width ?? 1280, sourceFormat?.Height ?? 720, sourceFormat?.SampleAspectWidth ?? 1, sourceFormat?.SampleAspectHeight
            ?? 1, loss.FrameInterval);
        var hold = loss.Group.Count == 0 || options.Value.RepeatFrameDuration == TimeSpan.Zero ? 0
            : format.FramesIn(options.Value.RepeatFrameDuration);
        return MakeAsync(new SlateInput(loss.Group, format, hold), file, cancellationToken);
    }

    /// <summary>
    /// Starts encoding. The slot is released when encoding, not playback, has finished. If none is released in time, the built-in slate is
    /// encoded instead, without the source's last frame.
    /// </summary>
    private async Task<SlateVideo> MakeAsync(SlateInput material, SlateFile file, CancellationToken cancellationToken)
    {
        if (await TryEnterAsync(cancellationToken))
        {
            return Encode(material, file, _slots);
        }

        await _builtInSlots.WaitAsync(cancellationToken);
        return Encode(material with { Gop = [], Hold = 0 }, BuiltIn, _builtInSlots);
    }

    private async Task<bool> TryEnterAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(MaxWait, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await _slots.WaitAsync(linked.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private SlateVideo Encode(SlateInput material, SlateFile file, SemaphoreSlim slots)
    {
        try
        {
            var slateVideo = new SlateVideo(encoding.Value.Ffmpeg, time, material, file, encoder: encoder);
            _ = slateVideo.Coded.ContinueWith(_ => Release(slots), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
            return slateVideo;
        }
        catch
        {
            Release(slots);
            throw;
        }
    }

    private static void Release(SemaphoreSlim slots)
    {
        try
        {
            slots.Release();
        }
        catch (ObjectDisposedException)
        {
            // The process is shutting down.
        }
    }

    private async Task<SlateFile> FileAsync(ChannelName channel, CancellationToken cancellationToken)
    {
        try
        {
            if (channels is not null && await channels.FindAsync(channel, cancellationToken) is { } channelSlate)
            {
                return new SlateFile(channelSlate.Bytes, channelSlate.Type);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            SlateLog.NotFound(logger, channel.Value, e.Message);
        }

        if (options.Value.Image is { Length: > 0 } imagePath)
        {
            try
            {
                var bytes = await File.ReadAllBytesAsync(imagePath, cancellationToken);
                if (SlateFileTypes.Detect(bytes) is { } type)
                {
                    return new SlateFile(bytes, type);
                }

                SlateLog.NotFound(logger, channel.Value, $"{SlateOptions.Section}:{nameof(SlateOptions.Image)} is not a PNG or JPEG file");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                SlateLog.NotFound(logger, channel.Value, e.Message);
            }
        }

        return BuiltIn;
    }

    private static SlateFile BuiltIn { get; } = Read();

    private static SlateFile Read()
    {
        using var stream = typeof(SlateService).Assembly.GetManifestResourceStream("Broadcast.Transcoder.Slate.slate.png")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return new SlateFile(bytes, SlateFileType.Png);
    }

    /// <summary>One slate being played to viewers: frames and silence in real time.</summary>
    private sealed class SlatePlayout : IAsyncDisposable
    {
        /// <summary>
        /// Time between the end of the source and the slate. Later stages may extend audio by a part of a frame; without this reserve, each
        /// outage would move the timeline by that much. Players do not notice it: two frames at 60 fps, or of AAC, are longer.
        /// </summary>
        private static readonly TimeSpan StartGap = TimeSpan.FromMilliseconds(30);

        /// <summary>Maximum delay of the slate's start. Encoding its first frames takes as long.</summary>
        private static readonly TimeSpan MaxDelay = TimeSpan.FromMilliseconds(500);

        /// <summary>A slate that follows a long lead plays slower than real time by one part in this many.</summary>
        private const int SlowdownDivisor = 10;

        private readonly Channel<MediaSample> _queue = Channel.CreateBounded<MediaSample>(
            new BoundedChannelOptions(QueueLength) { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = true });
        private readonly SessionSwitch _switch;
        private readonly InputLoss _loss;
        private readonly Track? _video;
        private readonly TimeProvider _time;
        private readonly (Track Track, SilentFrame Frame)? _silence;
        private readonly MediaTime _start;
        private readonly TimeSpan _lead;
        private readonly int _frameInterval;
        private Task? _running;
        private Track? _slateTrack;
        private long _framesShown;
        private long _silentFrames;

        public SlatePlayout(SessionSwitch sessionSwitch, InputLoss loss, Track? video, TimeProvider time)
        {
            (_switch, _loss, _video, _time) = (sessionSwitch, loss, video, time);
            _silence = loss.Tracks.FirstOrDefault(t => t.Kind == TrackKind.Audio) is { } audio ? SilentFrame.Replacing(audio) : null;
            _start = (loss.End.Present > loss.End.Decode ? loss.End.Present : loss.End.Decode).Rescale(MediaTime.VideoTimescale)
                + MediaTime.From(StartGap, MediaTime.VideoTimescale);
            _lead = loss.End.Present.ToTimeSpan() - (loss.Arrival - loss.Grant.Session.StartedAt);
            _frameInterval = SlateFormat.For(0, 0, 1, 1, loss.FrameInterval).FrameInterval;
        }

        /// <summary>Writes the next frame when it is due.</summary>
        /// <returns><see langword="false"/> when the slate is no longer needed.</returns>
        public async ValueTask<bool> ShowAsync(SlateFrame frame, CancellationToken cancellationToken)
        {
            if (_slateTrack is null || !ReferenceEquals(_slateTrack.Config, frame.Configuration))
            {
                _slateTrack = new Track(_video!.Id, frame.Configuration,
                    MediaTime.VideoTimescale) { DeclaredBitsPerSecond = _video.DeclaredBitsPerSecond };
            }

            var at = _start with { Ticks = _start.Ticks + (_framesShown++ * _frameInterval) };
            return await WaitAsync(at, cancellationToken)
                && await WriteAsync(new MediaSample(_slateTrack, at, at, frame.IsSync, frame.Payload, ArrivalOf(at)), cancellationToken)
                && await WriteSilenceAsync(at, cancellationToken);
        }

        /// <summary>Plays silence only, for a source without video.</summary>
        public async Task RunAsync(CancellationToken cancellationToken)
        {
            for (var at = _start; _silence is not null && await WaitAsync(at, cancellationToken)
                && await WriteSilenceAsync(at, cancellationToken);)
            {
                at = at with { Ticks = at.Ticks + (MediaTime.VideoTimescale / 25) };
            }
        }

        /// <summary>Completes the output and waits until it is delivered.</summary>
        public async ValueTask DisposeAsync()
        {
            _queue.Writer.TryComplete();
            if (_running is not null)
            {
                await _running;
            }
        }

        private async ValueTask<bool> WaitAsync(MediaTime at, CancellationToken cancellationToken)
        {
            var wait = ArrivalOf(at) - _time.GetUtcNow();
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, _time, cancellationToken);
            }

            return _running is not { IsCompleted: true };
        }

        private async ValueTask<bool> WriteSilenceAsync(MediaTime until, CancellationToken cancellationToken)
        {
            if (_silence is not var (track, silence))
            {
                return true;
            }

            var start = _start.Rescale(track.Timescale);
            while (true)
            {
                var at = start with { Ticks = start.Ticks + 1 + (_silentFrames * silence.Length) };
                if (at > until)
                {
                    return true;
                }

                _silentFrames++;
                if (!await WriteAsync(new MediaSample(track, at, at, IsSync: true, silence.Payload, ArrivalOf(at)),
                    cancellationToken))
                {
                    return false;
                }
            }
        }

        private async ValueTask<bool> WriteAsync(MediaSample sample, CancellationToken cancellationToken)
        {
            _running ??= PassAsync([.. ((IEnumerable<Track?>)[_slateTrack, _silence?.Track]).OfType<Track>()]);
            while (!_queue.Writer.TryWrite(sample))
            {
                if (!await _queue.Writer.WaitToWriteAsync(cancellationToken))
                {
                    return false;
                }
            }

            return !_running.IsCompleted;
        }

        private async Task PassAsync(IReadOnlyList<Track> tracks)
        {
            try
            {
                await _switch.RunSlateAsync(new Publication(_loss.Grant, tracks, _queue.Reader) { IsSlate = true });
            }
            finally
            {
                _queue.Writer.TryComplete();
            }
        }

        /// <summary>
        /// Time at which a sample is due: in real time after the encoder's last sample. When the timeline is ahead of the clock, the slate
        /// starts later by the lead and, for a long lead, plays a little slower until the timeline is at the clock again. Otherwise, each
        /// outage would move the session further ahead.
        /// </summary>
        private DateTimeOffset ArrivalOf(MediaTime at)
        {
            var due = _loss.Arrival + (at - _loss.End.Present).ToTimeSpan();
            if (_lead <= TimeSpan.Zero)
            {
                // A short lag is made up at once. The media of an encoder that lags far behind is late, and the slate does not hide that.
                return _lead < -MaxDelay ? due : due + _lead;
            }

            var recovered = MaxDelay + ((at - _start).ToTimeSpan() / SlowdownDivisor);
            return due + (recovered < _lead ? recovered : _lead);
        }
    }
}

internal static partial class SlateLog
{
    [LoggerMessage(2060, LogLevel.Warning, "Channel {Channel}: no slate available, viewers wait: {Reason}")]
    public static partial void Failed(ILogger logger, string channel, string reason);

    [LoggerMessage(2061, LogLevel.Warning, "Channel {Channel}: slate could not be read, using the default: {Reason}")]
    public static partial void NotFound(ILogger logger, string channel, string reason);

    [LoggerMessage(2062, LogLevel.Information, "Channel {Channel}: source has audio only, showing the slate with it")]
    public static partial void SlateAddedToAudio(ILogger logger, string channel);

    [LoggerMessage(2063, LogLevel.Information, "Channel {Channel}: video of the encoder has started")]
    public static partial void VideoStarted(ILogger logger, string channel);

    [LoggerMessage(2064, LogLevel.Warning, "Channel {Channel}: source has audio only, and no slate is available: {Reason}")]
    public static partial void SlateUnavailableForAudio(ILogger logger, string channel, string reason);
}
