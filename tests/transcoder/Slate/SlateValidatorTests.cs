using System.Text;
using Broadcast.Media.TranscoderToControl;
using Broadcast.Testing;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Slate;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Slate;

/// <summary>Uploaded slates that contain something else than their type says, checked with a real ffmpeg.</summary>
public sealed class SlateValidatorTests : IAsyncLifetime
{
    private readonly TempFolder _folder = TempFolder.Create(mode: UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);

    /// <summary>A video of someone else, readable for every user, so that only the demuxer keeps a slate from naming it.</summary>
    private string _foreign = "";

    public async ValueTask InitializeAsync()
    {
        _foreign = _folder.Sub("foreign.mp4");
        await MakeAsync(_foreign, "testsrc2=s=160x120:r=25:d=2", "-c:v", "libx264", "-g", "25");
        await MakeAsync(_folder.Sub("other.mpd"), "testsrc2=s=160x120:r=25:d=2", "-c:v", "libx264", "-g", "25", "-f", "dash",
            "-use_template", "1", "-use_timeline", "0", "-media_seg_name", "$Number$.m4s", "-init_seg_name", "init.mp4");
    }

    public ValueTask DisposeAsync() => _folder.DisposeAsync();

    [Theory]
    [InlineData("DASH manifest")]
    [InlineData("HLS playlist")]
    [InlineData("HLS playlist behind a box of an MP4 file")]
    [InlineData("concat script")]
    [InlineData("SVG image")]
    [InlineData("path in a text")]
    [InlineData("nothing")]
    public async Task File_that_names_other_files_is_rejected_without_words_about_them(string content)
    {
        var bytes = content switch
        {
            "DASH manifest" => await ManifestAsync(),
            "HLS playlist" => "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n" + _foreign + "\n#EXT-X-ENDLIST\n",
            "HLS playlist behind a box of an MP4 file" => "\0\0\0\u0018ftyp\n#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n" + _foreign + "\n",
            "concat script" => "ffconcat version 1.0\nfile '" + _foreign + "'\n",
            "SVG image" => "<svg xmlns='http://www.w3.org/2000/svg' width='32' height='32'><image href='file://" + _foreign + "'/></svg>",
            "path in a text" => _foreign,
            _ => "",
        };
        foreach (var type in Enum.GetValues<SlateFileType>())
        {
            // The demuxer alone must be sufficient if the detection is deceived.
            var error = await ValidateAsync(Encoding.UTF8.GetBytes(bytes), type);

            error.ShouldNotBeNull($"as {type}");
            error.ShouldNotContain(_folder.Path);
            error.ShouldNotContain("file:");
            error.ShouldNotContain("No such file");
        }
    }

    [Theory]
    [InlineData("cinepak")]
    [InlineData("tiff")]
    [InlineData("mpeg2video")]
    [InlineData("qtrle")]
    [InlineData("png")]
    public async Task Clip_with_another_codec_is_rejected_and_the_codecs_are_named(string codec)
    {
        var file = _folder.Sub("clip.mov");
        await MakeAsync(file, "testsrc=s=160x120:r=25:d=0.2", "-c:v", codec, "-f", "mov");

        (await ValidateAsync(await File.ReadAllBytesAsync(file), SlateFileType.Mp4)).ShouldNotBeNull().ShouldContain("H.264");
    }

    [Theory]
    [InlineData("slate.png", SlateFileType.Png)]
    [InlineData("slate.jpg", SlateFileType.Jpeg)]
    [InlineData("slate.mp4", SlateFileType.Mp4, "-c:v", "libx264")]
    [InlineData("slate.mp4", SlateFileType.Mp4, "-c:v", "libx264", "-bf", "3", "-f", "mp4", "-movflags", "faststart")]
    [InlineData("slate.mp4", SlateFileType.Mp4, "-c:v", "libx265", "-tag:v", "hvc1", "-x265-params", "log-level=none")]
    [InlineData("slate.mp4", SlateFileType.Mp4, "-c:v", "libvpx-vp9", "-deadline", "realtime")]
    [InlineData("slate.mp4", SlateFileType.Mp4, "-c:v", "libaom-av1", "-cpu-used", "8")]
    public async Task Valid_slate_is_accepted(string name, SlateFileType type, params string[] arguments)
    {
        var file = _folder.Sub(name);
        await MakeAsync(file, "testsrc=s=160x120:r=25:d=0.2", type == SlateFileType.Mp4 ? arguments : ["-frames:v", "1"]);
        var bytes = await File.ReadAllBytesAsync(file);

        SlateFileTypes.Detect(bytes).ShouldBe(type);
        (await ValidateAsync(bytes, type)).ShouldBeNull();
    }

    [Theory]
    [InlineData(SlateFileType.Png, 4096, 4096, true)]
    [InlineData(SlateFileType.Png, 4098, 4096, false)]
    [InlineData(SlateFileType.Jpeg, 4098, 4096, false)]
    [InlineData(SlateFileType.Mp4, 4098, 4096, false)]
    public async Task Slate_with_too_many_pixels_is_rejected(SlateFileType type, int width, int height, bool isAccepted)
    {
        var file = _folder.Sub(type switch { SlateFileType.Png => "large.png", SlateFileType.Jpeg => "large.jpg", _ => "large.mp4" });
        await MakeAsync(file, $"color=gray:s={width}x{height}:r=1:d=1", "-frames:v", "1", "-preset", "ultrafast");

        var error = await ValidateAsync(await File.ReadAllBytesAsync(file), type);

        (error is null).ShouldBe(isAccepted, error);
        error?.ShouldContain("16 megapixels");
    }

    [Fact]
    public async Task Check_has_limits_on_processor_time_and_memory_and_starts_one_process()
    {
        var program = _folder.Sub("ffmpeg");
        await File.WriteAllTextAsync(program, "#!/bin/sh\necho limits $(ulimit -t) $(ulimit -d) $(ulimit -n) >&2\nexit 1\n");
        (await ChildProcess.RunAsync("chmod", ["a+rx", program])).EnsureSuccess();
        using var logger = new CapturingLogger();
        using var loggers = new LoggerFactory([logger]);
        var validator = new SlateValidator(Options.Create(new EncodingOptions { Ffmpeg = program }), TimeProvider.System,
            loggers.CreateLogger<SlateValidator>());

        (await validator.ValidateAsync(new ChannelSlate(new byte[64], SlateFileType.Mp4), TestContext.Current.CancellationToken))
            .ShouldNotBeNull().ShouldNotContain("limits");

        logger.Lines.ShouldHaveSingleItem().ShouldContain("limits 4 786432 256", Case.Sensitive, "the log has the reason");
    }

    [Theory]
    [InlineData("not a program", "ffmpeg does not start")]
    [InlineData(null, "must be complete")]
    public async Task Messages_for_an_unusable_file_and_for_a_missing_ffmpeg_differ(string? program, string message)
    {
        var options = new EncodingOptions { Ffmpeg = program is null ? "ffmpeg" : _folder.Sub(program) };
        var error = await TranscoderModule.CreateSlateValidator(options, TimeProvider.System)
            .ValidateAsync(new ChannelSlate(new byte[64], SlateFileType.Png), TestContext.Current.CancellationToken);

        error.ShouldNotBeNull().ShouldContain(message);
    }

    private static async Task<string?> ValidateAsync(byte[] bytes, SlateFileType type) =>
        await TranscoderModule.CreateSlateValidator(new EncodingOptions(), TimeProvider.System)
            .ValidateAsync(new ChannelSlate(bytes, type), TestContext.Current.CancellationToken);

    private static async Task MakeAsync(string file, string source, params string[] arguments) =>
        (await ChildProcess.RunAsync("ffmpeg", ["-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", source, .. arguments, file]))
            .EnsureSuccess();

    /// <summary>A valid manifest of the segments, behind a comment with the type of a JPEG 2000 file.</summary>
    private async Task<string> ManifestAsync()
    {
        var text = await File.ReadAllTextAsync(_folder.Sub("other.mpd"));
        return "<!--ftypjp2 -->" + text[text.IndexOf("<MPD", StringComparison.Ordinal)..]
            .Replace("<Period ", $"<BaseURL>file://{_folder.Path}/</BaseURL><Period ", StringComparison.Ordinal);
    }
}
