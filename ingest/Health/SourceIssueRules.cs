using System.Globalization;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Ingest.Health;

/// <summary>Health issue without its start time.</summary>
internal readonly record struct IssueDraft(string Code, IssueSeverity Severity, string Advice);

/// <summary>Rules that derive health issues from source statistics.</summary>
internal static class SourceIssueRules
{
    public const string NoKeyframe = "no_keyframe";
    public const string NoVideo = "no_video";
    public const string NoAudio = "no_audio";
    public const string SamplesDropped = "samples_dropped";
    public const string BitrateCollapse = "bitrate_collapse";
    public const string LineSlow = "line_slow";
    public const string KeyframeIntervalLong = "keyframe_interval_long";
    public const string AvSkew = "av_skew";
    public const string TimestampJumps = "timestamp_jumps";
    public const string FrameRateMismatch = "frame_rate_mismatch";
    public const string VariableFrameRate = "variable_frame_rate";
    public const string MalformedMedia = "malformed_media";
    public const string OpenGop = "b_frames_open_gop";

    /// <summary>Time without media after which a track counts as missing.</summary>
    public static readonly TimeSpan TrackTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Noticeable A/V skew.</summary>
    public static readonly TimeSpan NoticeableSkew = TimeSpan.FromMilliseconds(200);

    /// <summary>Lag that indicates insufficient upload bandwidth.</summary>
    public static readonly TimeSpan NoticeableLag = TimeSpan.FromSeconds(2);

    /// <summary>Number of timestamp jumps in ten minutes that indicates a problem.</summary>
    public const int ManyJumps = 4;

    /// <summary>Number of malformed messages in one minute that indicates a problem.</summary>
    public const int ManyMalformed = 10;

    private static readonly TimeSpan SettlingTime = TimeSpan.FromSeconds(20);

    /// <summary>Evaluates statistics; the most severe issues come first.</summary>
    public static void Evaluate(in SourceStatistics statistics, List<IssueDraft> issues)
    {
        issues.Clear();
        CheckTracks(statistics, issues);
        CheckNetwork(statistics, issues);
        CheckKeyframes(statistics, issues);
        CheckTimestamps(statistics, issues);
        CheckFrameRate(statistics, issues);
        if (statistics.RecentMalformed >= ManyMalformed && !statistics.AwaitsKeyframe)
        {
            issues.Add(new(MalformedMedia, IssueSeverity.Warning, Format(
                $"{statistics.RecentMalformed} malformed messages were discarded in the last minute. Restart or update the encoder.")));
        }

        if (statistics.HasOpenGop)
        {
            issues.Add(new(OpenGop, IssueSeverity.Information,
                "The encoder uses open GOPs: a few frames may be skipped after a quality switch. Set the encoder to closed GOPs."));
        }

        issues.Sort(static (a, b) => b.Severity.CompareTo(a.Severity));
    }

    private static void CheckTracks(in SourceStatistics statistics, List<IssueDraft> issues)
    {
        if (statistics.AwaitsKeyframe)
        {
            issues.Add(new(NoKeyframe, IssueSeverity.Error,
                "No keyframe: the video cannot be decoded. Set the keyframe interval to 2 s (OBS: Settings → Output) and restart."));
        }
        else if (statistics.TimeSinceVideo > TrackTimeout)
        {
            issues.Add(new(NoVideo, IssueSeverity.Error, Format(
                $"No video for {statistics.TimeSinceVideo.Value.TotalSeconds:0} s. Check the encoder's CPU load and source.")));
        }

        if (statistics.TimeSinceAudio > TrackTimeout)
        {
            issues.Add(new(NoAudio, IssueSeverity.Error, Format(
                $"No audio for {statistics.TimeSinceAudio.Value.TotalSeconds:0} s. Check the encoder's audio device and audio track.")));
        }
        else if (statistics.TimeSinceAudio is null && statistics.Video is not null && statistics.Age > TrackTimeout)
        {
            issues.Add(new(NoAudio, IssueSeverity.Warning,
                "The stream has no audio. If it should, enable an audio track in the encoder (OBS: Settings → Output → Audio Track)."));
        }
    }

    private static void CheckNetwork(in SourceStatistics statistics, List<IssueDraft> issues)
    {
        if (statistics.RecentDrops > 0)
        {
            issues.Add(new(SamplesDropped, IssueSeverity.Error, Format(
                $"{statistics.RecentDrops} frames were dropped in the last minute, by server overload or for A/V sync. Check the CPU load.")));
        }

        if (statistics.TypicalBitsPerSecond > 0 && statistics.BitsPerSecond * 2 < statistics.TypicalBitsPerSecond)
        {
            issues.Add(new(BitrateCollapse, IssueSeverity.Warning, Format(
                $"The bit rate fell to {FormatBitrate(statistics.BitsPerSecond)}, below half of the usual {FormatBitrate(statistics.TypicalBitsPerSecond)}. Unless the video is static, the upload is too slow: lower the bit rate.")));
        }

        if (statistics.ArrivalLead < -NoticeableLag)
        {
            issues.Add(new(LineSlow, IssueSeverity.Warning, Format(
                $"Media arrives {-statistics.ArrivalLead.TotalSeconds:0.0} s late: slow upload. Lower the bit rate (OBS: Settings → Output).")));
        }
    }

    private static void CheckKeyframes(in SourceStatistics statistics, List<IssueDraft> issues)
    {
        if (statistics.Video?.KeyframeInterval is { } interval && interval > statistics.TargetDuration + TimeSpan.FromMilliseconds(100))
        {
            issues.Add(new(KeyframeIntervalLong, IssueSeverity.Warning, Format(
                $"The keyframe interval of {interval.TotalSeconds:0.0} s exceeds the segment duration of {statistics.TargetDuration.TotalSeconds:0} s. Set it to 2 s (OBS: Settings → Output → Keyframe Interval; ffmpeg: -g with twice the frame rate).")));
        }
    }

    private static void CheckTimestamps(in SourceStatistics statistics, List<IssueDraft> issues)
    {
        if (statistics.Skew.Duration() > NoticeableSkew)
        {
            issues.Add(new(AvSkew, IssueSeverity.Warning, Format(
                $"Audio is {statistics.Skew.Duration().TotalSeconds:0.0} s {(statistics.Skew > TimeSpan.Zero ? "before" : "after")} video. If out of sync, correct the audio delay (OBS: Advanced Audio Properties → Sync Offset).")));
        }

        if (statistics.RecentJumps >= ManyJumps)
        {
            issues.Add(new(TimestampJumps, IssueSeverity.Warning, Format(
                $"Timestamps jumped {statistics.RecentJumps} times in ten minutes. Check for restarting sources and looped playlists.")));
        }
    }

    private static void CheckFrameRate(in SourceStatistics statistics, List<IssueDraft> issues)
    {
        if (statistics.Video is not { FramesPerSecond: > 0 } video || statistics.AwaitsKeyframe || statistics.Age < SettlingTime)
        {
            return;
        }

        if (statistics.HasVariableFrameRate)
        {
            issues.Add(new(VariableFrameRate, IssueSeverity.Information, Format(
                $"The frame rate varies (now {video.FramesPerSecond:0.#} fps). A constant frame rate looks smoother.")));
        }
        else if (video.DeclaredFramesPerSecond > 0
            && Math.Abs(video.FramesPerSecond - video.DeclaredFramesPerSecond) > video.DeclaredFramesPerSecond / 10)
        {
            issues.Add(new(FrameRateMismatch, IssueSeverity.Warning, Format(
                $"The encoder sends {video.FramesPerSecond:0.#} fps but declares {video.DeclaredFramesPerSecond:0.##}. If overloaded, use a faster preset, or lower the resolution or frame rate.")));
        }
    }

    private static string FormatBitrate(long bits) => bits >= 1_000_000 ? Format($"{bits / 1e6:0.0} Mbit/s")
        : Format($"{bits / 1e3:0} kbit/s");

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
