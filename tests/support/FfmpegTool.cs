using System.Text.Json;

namespace Broadcast.Testing;

/// <summary>A generated picture and tone, as an encoder would send them.</summary>
public sealed record TestSource
{
    /// <summary>How long to send, in seconds of media; 0 sends until ended.</summary>
    public double Seconds { get; init; }

    /// <summary>Width in pixels, even.</summary>
    public int Width { get; init; } = 640;

    /// <summary>Height in pixels, even.</summary>
    public int Height { get; init; } = 360;

    /// <summary>Frames a second.</summary>
    public int FrameRate { get; init; } = 30;

    /// <summary>Seconds from one keyframe to the next.</summary>
    public double KeyframeSeconds { get; init; } = 2;

    /// <summary>Video bits a second.</summary>
    public int VideoBitRate { get; init; } = 800_000;

    /// <summary>H.264 frames that are shown later than they are decoded: 0 as live encoders send, 2 as OBS does by default.</summary>
    public int BFrames { get; init; }

    /// <summary>Whether there is a picture.</summary>
    public bool Video { get; init; } = true;

    /// <summary>Whether there is sound.</summary>
    public bool Audio { get; init; } = true;

    /// <summary>Pitch of the tone, in hertz.</summary>
    public int Tone { get; init; } = 440;

    /// <summary>Audio samples a second.</summary>
    public int SampleRate { get; init; } = 48_000;

    /// <summary>Channels of the sound.</summary>
    public int Channels { get; init; } = 2;

    /// <summary>Whether to send at the speed of the clock (as a camera does) or as fast as it goes.</summary>
    public bool RealTime { get; init; } = true;

    /// <summary>An ffmpeg source filter instead of the test picture, such as <c>color=red:s=640x360:r=30</c>.</summary>
    public string? Picture { get; init; }
}

/// <summary>The installed ffmpeg and ffprobe: encoder and judge of the tests.</summary>
public static class FfmpegTool
{
    /// <summary>Starts publishing a generated stream as H.264 and AAC in FLV.</summary>
    /// <param name="url">The RTMP(S) address with the stream key at its end.</param>
    /// <param name="source">What to send; 640x360 at 30 frames a second with a tone, without end, when not given.</param>
    public static ChildProcess Publish(string url, TestSource? source = null) =>
        ChildProcess.Start("ffmpeg", [.. Arguments(source ?? new TestSource()), "-flvflags", "no_duration_filesize", "-f", "flv", url]);

    /// <summary>Writes a generated stream to a file, as fast as it goes; the name's ending decides the container.</summary>
    public static async Task MakeFileAsync(string path, TestSource source) =>
        (await ChildProcess.RunAsync("ffmpeg", [.. Arguments(source with { RealTime = false }), "-y", path])).EnsureSuccess();

    /// <summary>Starts publishing a file without encoding it again.</summary>
    /// <param name="path">The file, H.264 and AAC.</param>
    /// <param name="url">The RTMP(S) address with the stream key at its end.</param>
    /// <param name="loop">Whether to begin again at the end, for ever.</param>
    public static ChildProcess PublishFile(string path, string url, bool loop = false) =>
        ChildProcess.Start("ffmpeg",
            ["-nostdin", "-hide_banner", "-v", "warning", "-re", "-stream_loop", loop ? "-1" : "0", "-i", path,
             "-c", "copy", "-flvflags", "no_duration_filesize", "-f", "flv", url]);

    /// <summary>Runs ffprobe and returns its JSON: <c>format</c> and <c>streams</c>, and what <paramref name="more"/> asks for.</summary>
    /// <param name="address">A file or URL.</param>
    /// <param name="deadline">60 s when not given.</param>
    /// <param name="more">Further options, such as <c>-show_frames</c> or <c>-read_intervals %+5</c>.</param>
    /// <exception cref="InvalidOperationException">It cannot be read; what ffprobe said is in the message.</exception>
    public static async Task<JsonElement> ProbeAsync(string address, TimeSpan? deadline = null, params string[] more) =>
        (await ChildProcess.RunAsync("ffprobe",
            ["-hide_banner", "-v", "error", "-of", "json", "-show_format", "-show_streams", .. more, address], deadline)).EnsureSuccess().Json();

    /// <summary>
    /// Decodes an address for some seconds of media and returns what ffmpeg complained about: empty when every frame decoded cleanly. Times are judged on the stream's own
    /// clock: an encoder's first frames come unevenly (GStreamer's do), and two of them may fall on one tick of a clock that counts frames.
    /// </summary>
    public static async Task<string> DecodeAsync(string address, double seconds, TimeSpan? deadline = null)
    {
        var result = await ChildProcess.RunAsync("ffmpeg",
            ["-nostdin", "-hide_banner", "-v", "warning", "-xerror", "-i", address, "-t", Number(seconds), "-enc_time_base", "-1", "-f", "null", "-"], deadline);
        // Its HLS reader reads the init segment once more after some reloads of the playlist, and its MP4 reader remarks on that.
        var said = string.Join('\n', result.Error.Split('\n').Where(line => !line.Contains("Found duplicated MOOV Atom", StringComparison.Ordinal) && !line.Contains("Last message repeated", StringComparison.Ordinal)));
        return result.ExitCode == 0 ? said : $"exit code {result.ExitCode}: {said}";
    }

    /// <summary>ffmpeg's arguments up to the output: inputs and encoders.</summary>
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
            Input(source.Picture ?? $"testsrc2=size={source.Width}x{source.Height}:rate={source.FrameRate}");
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
