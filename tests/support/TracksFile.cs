using System.Buffers.Binary;
using System.Text;
using Broadcast.Media;
using Broadcast.Media.Codecs;

namespace Broadcast.Testing;

/// <summary>
/// Writes FLV files with tracks of any codec and number (Enhanced RTMP v2), which no available encoder writes. The first H.264 and the
/// first AAC track use the FLV format from before Enhanced RTMP, as OBS does. Written byte by byte, independent of the code under test.
/// </summary>
public static class TracksFile
{
    private const int TagHeaderSize = 11;
    private const byte AudioTag = 8;
    private const byte VideoTag = 9;
    private const byte ScriptTag = 18;
    private const byte AudioMark = 0x90;
    private const byte VideoMark = 0x80;
    private const byte AudioMultitrack = 5;
    private const byte VideoMultitrack = 6;
    private const byte SequenceStart = 0;
    private const byte CodedFrames = 1;

    /// <summary>
    /// Writes tracks with a common start of presentation. Tracks of a kind are numbered from 0 in the given order; languages are in
    /// <c>onMetaData</c>.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="tracks">Video and audio tracks, at least one.</param>
    public static async Task WriteAsync(string path, params CodedTrack[] tracks)
    {
        var numbered = tracks.Select(track => (Coded: track,
            Number: tracks.TakeWhile(t => t != track).Count(t => t.Track.Kind == track.Track.Kind))).ToList();
        var delay = tracks.Max(track => Milliseconds(track, track.Samples[0].Said.CompositionOffset));
        var frames = numbered
            .SelectMany(item => item.Coded.Samples.Select(sample => (
                Type: TypeOf(item.Coded),
                Time: delay + Milliseconds(item.Coded, sample.Decode - item.Coded.Samples[0].Said.CompositionOffset),
                Body: Frame(item.Coded, item.Number, sample))))
            .OrderBy(tag => tag.Time);
        await using var file = File.Create(path);
        file.Write([.. "FLV"u8, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]);
        Write(file, ScriptTag, 0, Metadata(numbered));
        foreach (var (track, number) in numbered.Where(item => item.Coded.Track.Config is not (CodecConfig.Ac3 or CodecConfig.Eac3)))
        {
            // For FLAC the content of STREAMINFO without the four-byte block header, as ffmpeg sends it.
            var record = track.Track.Config.Record.Span[(track.Track.Config is CodecConfig.Flac ? 4 : 0)..];
            Write(file, TypeOf(track), 0, [.. Header(track, number, SequenceStart, isSync: true, 0), .. record]);
        }

        foreach (var (type, time, body) in frames)
        {
            Write(file, type, time, body);
        }
    }

    private static byte[] Frame(CodedTrack track, int number, CodedSample sample) =>
        [.. Header(track, number, CodedFrames, sample.Said.IsSync, Milliseconds(track, sample.Said.CompositionOffset)),
            .. sample.Payload.Span];

    /// <summary>Header of a record or a frame (FLV 10.1, E.4.2.1 and E.4.3.1; ExAudioTagHeader and ExVideoTagHeader).</summary>
    private static byte[] Header(CodedTrack track, int number, byte packet, bool isSync, int offset)
    {
        byte[] composition = [(byte)(offset >> 16), (byte)(offset >> 8), (byte)offset];
        var frame = (byte)((isSync ? 1 : 2) << 4);
        switch (track.Track.Config)
        {
            case CodecConfig.Avc when number == 0: return [(byte)(frame | 7), packet, .. composition];
            case CodecConfig.Aac when number == 0: return [0xAF, packet];
            default: break;
        }

        var isVideo = track.Track.Kind == TrackKind.Video;
        var mark = isVideo ? (byte)(VideoMark | frame) : AudioMark;
        var (name, hasOffset) = track.Track.Config switch
        {
            CodecConfig.Opus => ("Opus", false),
            CodecConfig.Avc or CodecConfig.Hevc => (track.Track.Config.CodecString[..4], packet == CodedFrames),
            _ => (track.Track.Config.CodecString[..4], false),
        };
        byte[] first = number == 0 ? [(byte)(mark | packet)] : [(byte)(mark | (isVideo ? VideoMultitrack : AudioMultitrack)), packet];
        return [.. first, .. Encoding.ASCII.GetBytes(name), .. number == 0 ? [] : new[] { (byte)number }, .. hasOffset ? composition : []];
    }

    private static byte[] Metadata(IReadOnlyList<(CodedTrack Coded, int Number)> tracks)
    {
        var body = new List<byte>();
        body.AddRange([2, .. Name("onMetaData"), 3]);
        foreach (var (kind, codec, map) in new[] { (TrackKind.Video, "videocodecid", "videoTrackIdInfoMap"),
            (TrackKind.Audio, "audiocodecid", "audioTrackIdInfoMap") })
        {
            var mine = tracks.Where(item => item.Coded.Track.Kind == kind).ToList();
            if (mine.Count == 0)
            {
                continue;
            }

            body.AddRange([.. Name(codec), 0, .. new byte[8]]);
            if (mine[0].Coded.Track.Language is { } first)
            {
                body.AddRange([.. Name("language"), 2, .. Name(first)]);
            }

            body.AddRange([.. Name(map), 3]);
            foreach (var (track, number) in mine.Skip(1))
            {
                byte[] language = track.Track.Language is { } said ? [.. Name("language"), 2, .. Name(said)] : [];
                body.AddRange([.. Name($"{number}"), 3, .. language, 0, 0, 9]);
            }

            body.AddRange([0, 0, 9]);
        }

        return [.. body, 0, 0, 9];
    }

    /// <summary>Writes an AMF 0 string without its type marker.</summary>
    private static byte[] Name(string text) => [0, (byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    private static void Write(Stream file, byte type, int time, byte[] body)
    {
        Span<byte> size = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(size, body.Length + TagHeaderSize);
        file.Write([type, (byte)(body.Length >> 16), (byte)(body.Length >> 8), (byte)body.Length, (byte)(time >> 16), (byte)(time >> 8),
            (byte)time, (byte)(time >> 24), 0, 0, 0]);
        file.Write(body);
        file.Write(size);
    }

    private static byte TypeOf(CodedTrack track) => track.Track.Kind == TrackKind.Video ? VideoTag : AudioTag;

    private static int Milliseconds(CodedTrack track, long ticks) => (int)Math.Round(ticks * 1000.0 / track.Track.Timescale);
}
