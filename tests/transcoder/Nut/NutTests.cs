using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Broadcast.Media;
using Broadcast.Testing;
using Broadcast.Transcoder.Nut;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Nut;

public class NutTests
{
    private static readonly NutStream Frame = new(TrackKind.Video, NutTag.Avc, 90_000, new byte[] { 1, 2, 3 }) { DecodeDelay = 2,
        Width = 320, Height = 180, SampleAspectWidth = 1, SampleAspectHeight = 1 };
    private static readonly NutStream Audio = new(TrackKind.Audio, NutTag.Aac, 48_000, new byte[] { 0x11, 0x90 }) { SampleRate = 48_000,
        Channels = 2 };

    [Fact]
    public void Written_frames_are_read_back_from_chunks_of_any_size() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<(bool IsAudio, bool IsKey, uint Present, byte[] Payload)[]>(),
            ArbMap.Default.ArbFor<PositiveInt>(),
            (frames, piece) =>
            {
                var read =
                    ReadAll(Write([Frame, Audio], frames.Select(f => new NutFrame(f.IsAudio ? 1 : 0, f.Present, f.IsKey, f.Payload ?? []))),
                        piece.Get, out var reader);
                reader.Streams.Select(s => s with { Private = default })
                    .ShouldBe([Frame with { Private = default }, Audio with { Private = default }]);
                reader.Streams.Select(s => Convert.ToHexString(s.Private.Span)).ShouldBe(["010203", "1190"]);
                read.Select(Notified)
                    .ShouldBe(frames.Select(f => Notified(new NutFrame(f.IsAudio ? 1 : 0, f.Present, f.IsKey, f.Payload ?? []))));
            }).Check(PropertyTest.Config);

    [Fact]
    public async Task Frames_encoded_by_ffmpeg_are_read_with_their_times()
    {
        using var folder = TempFolder.Create();
        var file = Path.Combine(folder.Path, "encoded.nut");
        await MakeAsync(file);

        var frames = ReadAll(await File.ReadAllBytesAsync(file), 4096, out var reader);

        reader.Streams.Select(s => (s.Kind, s.Tag)).ShouldBe([(TrackKind.Video, NutTag.Avc), (TrackKind.Audio, NutTag.Aac)]);
        (reader.Streams[0].Width, reader.Streams[0].Height, reader.Streams[0].Timescale,
            reader.Streams[1].SampleRate).ShouldBe((320, 180, 90_000, 48_000));
        frames.Select(Notified).ShouldBe(await PacketsAsync(file));
        frames.Count(f => f.Stream == 0).ShouldBe(60);
    }

    [Fact]
    public async Task Written_file_decodes_in_ffmpeg_with_its_times_and_without_errors()
    {
        using var folder = TempFolder.Create();
        var (encoded, written) = (Path.Combine(folder.Path, "encoded.nut"), Path.Combine(folder.Path, "written.nut"));
        await MakeAsync(encoded);
        var frames = ReadAll(await File.ReadAllBytesAsync(encoded), 4096, out var reader);

        await File.WriteAllBytesAsync(written, Write([.. reader.Streams], frames));

        (await PacketsAsync(written)).ShouldBe(frames.Select(Notified));
        var decoded = await ChildProcess.RunAsync("ffmpeg",
            ["-nostdin", "-v", "warning", "-seekable", "0", "-i", written, "-f", "null", "-"]);
        decoded.EnsureSuccess();
        decoded.Error.ShouldBeEmpty();
    }

    [Fact]
    public void Corrupt_input_is_rejected_or_misread_without_other_failures()
    {
        var good = Write([Frame, Audio], Enumerable.Range(0, 20).Select(i => new NutFrame(i % 2, i * 1000, i == 0, new byte[i * 40])));
        var random = new Random(1);
        var refused = 0;
        for (var round = 0; round < 5000; round++)
        {
            var bad = good[..random.Next(1, good.Length + 1)];
            for (var hits = random.Next(1, 6); hits > 0; hits--)
            {
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            }

            try
            {
                ReadAll(bad, 64, out _);
            }
            catch (InvalidNutException)
            {
                refused++;
            }
        }

        refused.ShouldBeInRange(1000, 5000);
    }

    [Fact]
    public void Frame_above_the_size_limit_is_rejected_before_it_has_arrived()
    {
        var bytes = new ArrayBufferWriter<byte>();
        new NutWriter([Frame]).WriteHeaders(bytes);
        bytes.Advance(NutWriter.WriteFrameHeader(bytes.GetSpan(NutWriter.MaxFrameHeader), 0, 0, isKey: true, NutReader.MaxFrame + 1));
        Should.Throw<InvalidNutException>(() => ReadAll(bytes.WrittenSpan.ToArray(), 4096, out _));
    }

    private static byte[] Write(NutStream[] streams, IEnumerable<NutFrame> frames)
    {
        var bytes = new ArrayBufferWriter<byte>();
        new NutWriter(streams).WriteHeaders(bytes);
        foreach (var frame in frames)
        {
            bytes.Advance(NutWriter.WriteFrameHeader(bytes.GetSpan(NutWriter.MaxFrameHeader), frame.Stream, frame.Present, frame.IsKey,
                frame.Payload.Length));
            bytes.Write(frame.Payload.Span);
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static List<NutFrame> ReadAll(byte[] bytes, int piece, out NutReader reader)
    {
        reader = new NutReader();
        var frames = new List<NutFrame>();
        var (read, come) = (0L, 0);
        while (come < bytes.Length)
        {
            come = Math.Min(bytes.Length, come + piece);
            var rest = new ReadOnlySequence<byte>(bytes).Slice(read, come - read);
            while (reader.TryRead(ref rest, out var frame))
            {
                frames.Add(frame);
            }

            read = come - rest.Length;
        }

        return frames;
    }

    private static async Task MakeAsync(string file) =>
        (await ChildProcess.RunAsync("ffmpeg",
        [
            "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=30:d=2", "-f", "lavfi", "-i", "sine=r=48000:d=2", "-c:v",
            "libx264", "-g", "30", "-bf", "2",
            "-enc_time_base", "1:90000", "-c:a", "aac", "-f", "nut", "-write_index", "0", file,
        ])).EnsureSuccess();

    private static async Task<List<(int Stream, long Present, bool IsKey, int Length)>> PacketsAsync(string file)
    {
        var probed = await ChildProcess.RunAsync("ffprobe", ["-v", "error", "-show_packets", "-of", "json", file]);
        probed.EnsureSuccess();
        return
        [
            .. JsonDocument.Parse(probed.Output).RootElement.GetProperty("packets").EnumerateArray().Select(p => (
                p.GetProperty("stream_index").GetInt32(),
                p.GetProperty("pts").GetInt64(),
                p.GetProperty("flags").GetString()!.StartsWith('K'),
                int.Parse(p.GetProperty("size").GetString()!, CultureInfo.InvariantCulture))),
        ];
    }

    private static (int Stream, long Present, bool IsKey, int Length) Notified(NutFrame frame) =>
        (frame.Stream, frame.Present, frame.IsKey, frame.Payload.Length);
}
