using System.Text.Json;

namespace Broadcast.Testing;

/// <summary>Generated video and audio of a simulated encoder.</summary>
public sealed record TestSource
{
    /// <summary>Duration in seconds of media; 0 sends until stopped.</summary>
    public double Seconds { get; init; }

    /// <summary>Width in pixels, even.</summary>
    public int Width { get; init; } = 640;

    /// <summary>Height in pixels, even.</summary>
    public int Height { get; init; } = 360;

    /// <summary>Frames per second.</summary>
    public int FrameRate { get; init; } = 30;

    /// <summary>Seconds between keyframes.</summary>
    public double KeyframeSeconds { get; init; } = 2;

    /// <summary>Video bits per second.</summary>
    public int VideoBitRate { get; init; } = 800_000;

    /// <summary>Number of H.264 B-frames: 0 for live encoders, 2 as OBS's default.</summary>
    public int BFrames { get; init; }

    /// <summary>Indicates whether the stream has video.</summary>
    public bool Video { get; init; } = true;

    /// <summary>Indicates whether the stream has audio.</summary>
    public bool Audio { get; init; } = true;

    /// <summary>Frequency of the tone, in hertz.</summary>
    public int Tone { get; init; } = 440;

    /// <summary>Audio samples per second.</summary>
    public int SampleRate { get; init; } = 48_000;

    /// <summary>Number of audio channels.</summary>
    public int Channels { get; init; } = 2;

    /// <summary>Sends in real time (as a camera does) instead of as fast as possible.</summary>
    public bool RealTime { get; init; } = true;

    /// <summary>An ffmpeg source filter instead of the test pattern, such as <c>color=red:s=640x360:r=30</c>.</summary>
    public string? Frame { get; init; }
}

/// <summary>The installed ffmpeg and ffprobe: encoder and reference decoder of the tests.</summary>
public static class FfmpegTool
{
    /// <summary>Publishes a generated stream as H.264 and AAC in FLV.</summary>
    /// <param name="url">The RTMP(S) address with the stream key at its end.</param>
    /// <param name="source">The source; by default an endless 640x360 stream at 30 frames per second with a tone.</param>
    public static ChildProcess Publish(string url, TestSource? source = null) =>
        ChildProcess.Start("ffmpeg", [.. Arguments(source ?? new TestSource()), "-flvflags", "no_duration_filesize", "-f", "flv", url]);

    /// <summary>Writes a generated stream to a file as fast as possible; the file extension selects the container.</summary>
    public static async Task MakeFileAsync(string path, TestSource source) =>
        (await ChildProcess.RunAsync("ffmpeg", [.. Arguments(source with { RealTime = false }), "-y", path])).EnsureSuccess();

    /// <summary>Publishes a file without re-encoding.</summary>
    /// <param name="path">The file, in H.264 and AAC.</param>
    /// <param name="url">The RTMP(S) address with the stream key at its end.</param>
    /// <param name="loop">Repeats the file endlessly.</param>
    /// <param name="timeout">Time after which a connection that takes nothing is given up; the system's by default.</param>
    public static ChildProcess PublishFile(string path, string url, bool loop = false, TimeSpan? timeout = null) =>
        ChildProcess.Start("ffmpeg",
            ["-nostdin", "-hide_banner", "-v", "warning", "-re", "-stream_loop", loop ? "-1" : "0", "-i", path,
             "-c", "copy", "-flvflags", "no_duration_filesize",
             .. timeout is { } limit ? ["-rw_timeout", Number(Math.Round(limit.TotalMicroseconds))] : Array.Empty<string>(),
             "-f", "flv", url]);

    /// <summary>
    /// Runs ffprobe and returns its JSON: <c>format</c>, <c>streams</c>, and the output requested with <paramref name="more"/>.
    /// </summary>
    /// <param name="address">A file or URL.</param>
    /// <param name="deadline">Deadline; 60 s by default.</param>
    /// <param name="more">Further options, such as <c>-show_frames</c> or <c>-read_intervals %+5</c>.</param>
    /// <exception cref="InvalidOperationException">The address is not readable; the message contains ffprobe's output.</exception>
    public static async Task<JsonElement> ProbeAsync(string address, TimeSpan? deadline = null, params string[] more) =>
        (await ChildProcess.RunAsync("ffprobe",
            ["-hide_banner", "-v", "error", "-of", "json", "-show_format", "-show_streams", .. more, address],
            deadline)).EnsureSuccess().Json();

    /// <summary>
    /// Decodes some seconds of media and returns ffmpeg's complaints; empty if every frame decoded cleanly. Timestamps are compared in the
    /// stream's own timescale: the first frames of an encoder can be uneven (as with GStreamer), and two of them can share one tick of a
    /// frame-based timescale.
    /// </summary>
    public static async Task<string> DecodeAsync(string address, double seconds, TimeSpan? deadline = null)
    {
        var result = await ChildProcess.RunAsync("ffmpeg",
            ["-nostdin", "-hide_banner", "-v", "warning", "-xerror", "-i", address, "-t", Number(seconds), "-enc_time_base", "-1", "-f",
                "null", "-"], deadline);
        // ffmpeg's HLS reader reads the init segment again after some playlist reloads, and its MP4 reader logs that.
        var said = string.Join('\n', result.Error.Split('\n')
            .Where(line => !line.Contains("Found duplicated MOOV Atom", StringComparison.Ordinal)
                && !line.Contains("Last message repeated", StringComparison.Ordinal)));
        return result.ExitCode == 0 ? said : $"exit code {result.ExitCode}: {said}";
    }

    /// <summary>Returns ffmpeg's arguments up to the output: inputs and encoders.</summary>
    public static IReadOnlyList<string> Arguments(TestSource source)
    {
        List<string> arguments = ["-nostdin", "-hide_banner", "-v", "warning"];
        void Input(string filter)
        {
            if (source.RealTime)
            {
                arguments.Add("-re");
            }

            arguments.AddRange(["-f", "lavfi", "-i", filter]);
        }

        if (source.Video)
        {
            Input(source.Frame ?? $"testsrc2=size={source.Width}x{source.Height}:rate={source.FrameRate}");
        }

        if (source.Audio)
        {
            Input($"sine=frequency={source.Tone}:sample_rate={source.SampleRate}");
        }

        if (source.Video)
        {
            var group = Number(Math.Round(source.KeyframeSeconds * source.FrameRate));
            arguments.AddRange(
                ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-b:v", Number(source.VideoBitRate),
                 "-maxrate", Number(source.VideoBitRate), "-bufsize", Number(source.VideoBitRate),
                 "-g", group, "-keyint_min", group, "-sc_threshold", "0"]);
            arguments.AddRange(source.BFrames == 0 ? ["-tune", "zerolatency"] : ["-bf", Number(source.BFrames)]);
        }

        if (source.Audio)
        {
            arguments.AddRange(["-c:a", "aac", "-b:a", "128k", "-ar", Number(source.SampleRate), "-ac", Number(source.Channels)]);
        }

        if (source.Seconds > 0)
        {
            arguments.AddRange(["-t", Number(source.Seconds)]);
        }

        return arguments;
    }

    private static string Number(double value) => value.ToString("0.######", System.Globalization.CultureInfo.InvariantCulture);
}
