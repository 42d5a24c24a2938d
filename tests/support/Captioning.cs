using Broadcast.Media.Codecs;

namespace Broadcast.Testing;

/// <summary>Inserts captions: CEA-608 in user data of frames (ATSC A/53 part 4).</summary>
public static class Captioning
{
    /// <summary>Null padding of a caption channel.</summary>
    public static readonly (byte First, byte Second) Filler = (0x80, 0x80);

    /// <summary>
    /// Byte pairs, one per frame, that show a line of text at the bottom (roll-up, two rows) and scroll it. The text is limited to the
    /// characters shared with ASCII.
    /// </summary>
    public static IReadOnlyList<(byte First, byte Second)> Line(string text)
    {
        List<(int, int)> pairs = [(0x14, 0x25), (0x14, 0x2d), (0x14, 0x70)];
        for (var i = 0; i < text.Length; i += 2)
        {
            pairs.Add((text[i], i + 1 < text.Length ? text[i + 1] : 0));
        }

        pairs.Add((0x14, 0x2d));
        return [.. pairs.Select(pair => (Odd(pair.Item1), Odd(pair.Item2)))];
    }

    /// <summary>Byte pairs, one per frame, that load a line of text, show it at the bottom (pop-on) and clear it.</summary>
    /// <param name="text">The text, limited to the characters shared with ASCII.</param>
    /// <param name="shown">Number of frames that show the text.</param>
    public static IReadOnlyList<(byte First, byte Second)> PopOn(string text, int shown)
    {
        List<(int, int)> pairs = [(0x14, 0x20), (0x14, 0x2e), (0x14, 0x70)];
        for (var i = 0; i < text.Length; i += 2)
        {
            pairs.Add((text[i], i + 1 < text.Length ? text[i + 1] : 0));
        }

        pairs.Add((0x14, 0x2f));
        pairs.AddRange(Enumerable.Repeat((0, 0), shown));
        pairs.Add((0x14, 0x2c));
        return [.. pairs.Select(pair => (Odd(pair.Item1), Odd(pair.Item2)))];
    }

    /// <summary>Returns a track with one byte pair in each frame, in presentation order.</summary>
    /// <param name="track">An H.264 or HEVC track.</param>
    /// <param name="pairs">The byte pairs.</param>
    /// <param name="from">Number of frames before the first pair.</param>
    /// <param name="filled">
    /// Inserts empty caption data into the other frames, as hardware encoders do; otherwise these frames have none, as with OBS.
    /// </param>
    public static CodedTrack On(CodedTrack track, IReadOnlyList<(byte First, byte Second)> pairs, int from, bool filled = true)
    {
        var isHevc = track.Track.Config is CodecConfig.Hevc;
        var shown = track.Samples.Select((s, i) => (Index: i, Present: s.Decode + s.Said.CompositionOffset)).OrderBy(s => s.Present)
            .Select((s, place) => (s.Index, place)).ToDictionary(s => s.Index, s => s.place);
        return track with
        {
            Samples =
            [
                .. track.Samples.Select((sample, index) =>
                {
                    var place = shown[index] - from;
                    var isFilled = place < 0 || place >= pairs.Count;
                    if (!filled && (isFilled || pairs[place] == Filler))
                    {
                        return sample;
                    }

                    var pair = isFilled ? Filler : pairs[place];
                    var payload = With(sample.Payload, isHevc, (0, pair.First, pair.Second));
                    return sample with { Payload = payload, Said = sample.Said with { Size = payload.Length } };
                }),
            ],
        };
    }

    /// <summary>Inserts captions before the slices of a frame.</summary>
    /// <param name="frame">An H.264 or HEVC frame with four-byte lengths.</param>
    /// <param name="isHevc">HEVC instead of H.264.</param>
    /// <param name="triplets">Caption triplets: type (0 and 1: fields of CEA-608; 2 and 3: CEA-708) and two bytes.</param>
    public static byte[] With(ReadOnlyMemory<byte> frame, bool isHevc, params (byte Type, byte First, byte Second)[] triplets)
    {
        byte[] data = [0xb5, 0x00, 0x31, .. "GA94"u8, 0x03, (byte)(0x40 | triplets.Length), 0xff,
            .. triplets.SelectMany(t => (byte[])[(byte)(0xfc | t.Type), t.First, t.Second]), 0xff];
        List<byte> unit = [.. isHevc ? (byte[])[39 << 1, 1] : [6]];
        var zeros = 0;
        foreach (var value in (byte[])[4, (byte)data.Length, .. data, 0x80])
        {
            if (zeros >= 2 && value <= 3)
            {
                unit.Add(3);
                zeros = 0;
            }

            unit.Add(value);
            zeros = value == 0 ? zeros + 1 : 0;
        }

        return [0, 0, (byte)(unit.Count >> 8), (byte)unit.Count, .. unit, .. frame.Span];
    }

    /// <summary>Adds the odd parity bit to seven bits.</summary>
    private static byte Odd(int value) => (byte)(int.PopCount(value) % 2 == 0 ? value | 0x80 : value);
}
