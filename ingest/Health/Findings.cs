using System.Globalization;
using Broadcast.Media;

namespace Broadcast.Ingest.Health;

/// <summary>A finding before it is known since when it holds.</summary>
internal readonly record struct Finding(string Code, FindingSeverity Severity, string Advice);

/// <summary>What figures mean, in plain words.</summary>
internal static class Findings
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
    public const string OpenGroups = "b_frames_open_gop";

    /// <summary>How long a track may be silent before it is missed.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Skew from which on people notice.</summary>
    public static readonly TimeSpan NoticeableSkew = TimeSpan.FromMilliseconds(200);

    /// <summary>Lateness that says that the line cannot take what is sent.</summary>
    public static readonly TimeSpan NoticeableLag = TimeSpan.FromSeconds(2);

    /// <summary>Jumps in ten minutes from which on they are no accident.</summary>
    public const int ManyJumps = 4;

    /// <summary>Broken messages in a minute from which on they are no accident.</summary>
    public const int ManyMalformed = 10;

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(20);

    /// <summary>Judges figures; the gravest first.</summary>
    public static void Of(in SourceFigures figures, List<Finding> findings)
    {
        findings.Clear();
        Missing(figures, findings);
        Line(figures, findings);
        Keyframes(figures, findings);
        Clocks(figures, findings);
        FrameRate(figures, findings);
        if (figures.RecentMalformed >= ManyMalformed && !figures.AwaitsKeyframe)
        {
            findings.Add(new(MalformedMedia, FindingSeverity.Warning, Text(
                $"{figures.RecentMalformed} messages in the last minute were broken and were left out. Restart the encoder; if it stays so, update it.")));
        }

        if (figures.HasOpenGroups)
        {
            findings.Add(new(OpenGroups, FindingSeverity.Information,
                "Pictures after a keyframe refer to pictures before it (open GOP): after a switch of quality a few may not be shown. Set the encoder to closed GOPs."));
        }

        findings.Sort(static (a, b) => b.Severity.CompareTo(a.Severity));
    }

    private static void Missing(in SourceFigures figures, List<Finding> findings)
    {
        if (figures.AwaitsKeyframe)
        {
            findings.Add(new(NoKeyframe, FindingSeverity.Error,
                "Pictures come, but no keyframe, and without one nobody can see them. Set a keyframe interval of 2 s (OBS: Settings → Output → Keyframe Interval) and start the stream anew."));
        }
        else if (figures.WithoutPicture > Patience)
        {
            findings.Add(new(NoVideo, FindingSeverity.Error, Text(
                $"No picture for {figures.WithoutPicture.Value.TotalSeconds:0} s, while the connection is there. Look whether the encoder is overloaded or its source is gone.")));
        }

        if (figures.WithoutSound > Patience)
        {
            findings.Add(new(NoAudio, FindingSeverity.Error, Text(
                $"No sound for {figures.WithoutSound.Value.TotalSeconds:0} s. Look whether the audio device or the audio track of the encoder is gone.")));
        }
        else if (figures.WithoutSound is null && figures.Video is not null && figures.Age > Patience)
        {
            findings.Add(new(NoAudio, FindingSeverity.Warning,
                "The stream has no sound. If it should have, switch an audio track on in the encoder (OBS: Settings → Output → Audio Track)."));
        }
    }

    private static void Line(in SourceFigures figures, List<Finding> findings)
    {
        if (figures.RecentDrops > 0)
        {
            findings.Add(new(SamplesDropped, FindingSeverity.Error, Text(
                $"{figures.RecentDrops} frames were lost in the last minute because the server was too slow, or to keep sound in time. Look at its processor load.")));
        }

        if (figures.UsualBitsPerSecond > 0 && figures.BitsPerSecond * 2 < figures.UsualBitsPerSecond)
        {
            findings.Add(new(BitrateCollapse, FindingSeverity.Warning, Text(
                $"The bit rate fell to {Rate(figures.BitsPerSecond)}, less than half of the usual {Rate(figures.UsualBitsPerSecond)}. If the picture is not just still, the upload line is the reason: lower the bit rate in the encoder.")));
        }

        if (figures.Ahead < -NoticeableLag)
        {
            findings.Add(new(LineSlow, FindingSeverity.Warning, Text(
                $"The stream comes {-figures.Ahead.TotalSeconds:0.0} s late: the upload line cannot take it. Lower the bit rate in the encoder (OBS: Settings → Output → Bitrate).")));
        }
    }

    private static void Keyframes(in SourceFigures figures, List<Finding> findings)
    {
        if (figures.Video?.KeyframeInterval is { } interval && interval > figures.TargetDuration + TimeSpan.FromMilliseconds(100))
        {
            findings.Add(new(KeyframeIntervalLong, FindingSeverity.Warning, Text(
                $"Keyframe interval is {interval.TotalSeconds:0.0} s, which is longer than a segment of {figures.TargetDuration.TotalSeconds:0} s; set it to 2 s in OBS: Settings → Output → Keyframe Interval (ffmpeg: -g with twice the frame rate).")));
        }
    }

    private static void Clocks(in SourceFigures figures, List<Finding> findings)
    {
        if (figures.Skew.Duration() > NoticeableSkew)
        {
            findings.Add(new(AvSkew, FindingSeverity.Warning, Text(
                $"Sound comes {figures.Skew.Duration().TotalSeconds:0.0} s {(figures.Skew > TimeSpan.Zero ? "before" : "after")} its picture. If lips are out of step, correct the delay of the audio source (OBS: Advanced Audio Properties → Sync Offset).")));
        }

        if (figures.RecentJumps >= ManyJumps)
        {
            findings.Add(new(TimestampJumps, FindingSeverity.Warning, Text(
                $"The encoder's clock jumped {figures.RecentJumps} times in ten minutes. It was corrected, but look for sources that start and stop, or for a playlist that is looped.")));
        }
    }

    private static void FrameRate(in SourceFigures figures, List<Finding> findings)
    {
        if (figures.Video is not { FramesPerSecond: > 0 } video || figures.AwaitsKeyframe || figures.Age < Settling)
        {
            return;
        }

        if (figures.IsVariable)
        {
            findings.Add(new(VariableFrameRate, FindingSeverity.Information, Text(
                $"The frame rate varies (now {video.FramesPerSecond:0.#} a second). Players show that as it is; a constant one looks smoother.")));
        }
        else if (video.ClaimedFramesPerSecond > 0 && Math.Abs(video.FramesPerSecond - video.ClaimedFramesPerSecond) > video.ClaimedFramesPerSecond / 10)
        {
            findings.Add(new(FrameRateMismatch, FindingSeverity.Warning, Text(
                $"{video.FramesPerSecond:0.#} pictures a second come, and the encoder claims {video.ClaimedFramesPerSecond:0.##}. It may be overloaded: choose a faster preset, or a lower resolution or frame rate.")));
        }
    }

    private static string Rate(long bits) => bits >= 1_000_000 ? Text($"{bits / 1e6:0.0} Mbit/s") : Text($"{bits / 1e3:0} kbit/s");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
