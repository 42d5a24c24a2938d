namespace Broadcast.Media.Codecs;

/// <summary>Fields of the uncompressed header of a VP9 keyframe (VP9 bitstream, 6.2).</summary>
/// <param name="Profile">0 to 3.</param>
/// <param name="BitDepth">8, 10 or 12.</param>
/// <param name="Chroma">Chroma subsampling as in <c>vpcC</c>: 1 is 4:2:0, 2 is 4:2:2, 3 is 4:4:4. 4:4:0, which has no value, is reported as
/// 3.</param>
/// <param name="FullRange">color_range.</param>
/// <param name="Width">Coded width in pixels, 1 to 65,536.</param>
/// <param name="Height">Coded height in pixels.</param>
internal readonly record struct Vp9FrameHeader(int Profile, int BitDepth, int Chroma, bool FullRange, int Width, int Height)
{
    // Maximum size of a keyframe header up to the frame size, so that the reader never passes the end.
    private const int MaxHeaderLength = 12;

    /// <summary>Inspects a frame, or the first frame of a superframe. It is a sync sample when it is a keyframe.</summary>
    public static bool TryInspect(ReadOnlySpan<byte> frame, out FrameInfo coded)
    {
        coded = default;

        // Frame marker 2, two profile bits, a reserved bit for profile 3, show_existing_frame, frame_type (0 is a keyframe).
        if (frame.IsEmpty || frame[0] >> 6 != 2)
        {
            return false;
        }

        var isProfile3 = (frame[0] & 0x30) == 0x30;
        var flags = isProfile3 ? (frame[0] & 7) << 5 : (frame[0] & 15) << 4;
        if (isProfile3 && (frame[0] & 8) != 0)
        {
            return false;
        }

        var isKey = (flags & 0xC0) == 0;
        coded = FrameInfo.OfVideo(isKey);
        return !isKey || TryReadKeyFrame(frame, out _);
    }

    /// <summary>Reads the header of a keyframe.</summary>
    public static bool TryReadKeyFrame(ReadOnlySpan<byte> frame, out Vp9FrameHeader header)
    {
        header = default;
        if (frame.Length < MaxHeaderLength || frame[0] >> 6 != 2)
        {
            return false;
        }

        var bits = new BitReader(frame, "VP9 frame");
        bits.Skip(2);
        var profile = (int)(bits.Bits(1) | (bits.Bits(1) << 1));
        if (profile == 3)
        {
            bits.Skip(1);
        }

        var isShownAgain = bits.Flag();
        var isInter = bits.Flag();
        bits.Skip(2);
        if (isShownAgain || isInter || bits.Bits(24) != 0x49_83_42)
        {
            return false;
        }

        var depth = profile >= 2 ? (bits.Flag() ? 12 : 10) : 8;
        const uint rgb = 7;
        bool fullRange;
        int chroma;
        if (bits.Bits(3) == rgb)
        {
            (fullRange, chroma) = (true, 3);
            bits.Skip((profile & 1) == 1 ? 1 : 0);
        }
        else
        {
            fullRange = bits.Flag();
            var (across, down) = (profile & 1) == 1 ? (bits.Flag(), bits.Flag()) : (true, true);
            bits.Skip((profile & 1) == 1 ? 1 : 0);
            chroma = (across, down) switch { (true, true) => 1, (true, false) => 2, _ => 3 };
        }

        header = new Vp9FrameHeader(profile, depth, chroma, fullRange, (int)bits.Bits(16) + 1, (int)bits.Bits(16) + 1);
        return true;
    }
}
