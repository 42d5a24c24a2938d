using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Broadcast.Ingest.Rtmp.Amf;

/// <summary>Writes AMF0. An object is a scope, so the code is indented as the data is nested.</summary>
internal sealed class AmfWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    /// <summary>What has been written.</summary>
    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    /// <summary>Begins anew.</summary>
    public AmfWriter Clear()
    {
        _buffer.ResetWrittenCount();
        return this;
    }

    public AmfWriter Number(double value)
    {
        var span = Marked(AmfMarker.Number, 8);
        BinaryPrimitives.WriteDoubleBigEndian(span, value);
        return this;
    }

    public AmfWriter Boolean(bool value)
    {
        Marked(AmfMarker.Boolean, 1)[0] = value ? (byte)1 : (byte)0;
        return this;
    }

    /// <summary>A text; over 65,535 bytes of UTF-8 it is a long string.</summary>
    public AmfWriter Text(string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        if (bytes.Length <= ushort.MaxValue)
        {
            BinaryPrimitives.WriteUInt16BigEndian(Marked(AmfMarker.String, 2), (ushort)bytes.Length);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(Marked(AmfMarker.LongString, 4), (uint)bytes.Length);
        }

        _buffer.Write(bytes);
        return this;
    }

    public AmfWriter Null()
    {
        Marked(AmfMarker.Null, 0);
        return this;
    }

    /// <summary>Name of the property whose value is written next.</summary>
    public AmfWriter Name(string name)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        BinaryPrimitives.WriteUInt16BigEndian(_buffer.GetSpan(2), checked((ushort)bytes.Length));
        _buffer.Advance(2);
        _buffer.Write(bytes);
        return this;
    }

    /// <summary>An object; it ends where the scope ends.</summary>
    public Scope Object()
    {
        Marked(AmfMarker.Object, 0);
        return new Scope(this);
    }

    /// <summary>An ECMA array; it ends where the scope ends.</summary>
    public Scope EcmaArray(int count)
    {
        BinaryPrimitives.WriteInt32BigEndian(Marked(AmfMarker.EcmaArray, 4), count);
        return new Scope(this);
    }

    /// <summary>A strict array of texts.</summary>
    public AmfWriter Texts(IReadOnlyList<string> values)
    {
        BinaryPrimitives.WriteInt32BigEndian(Marked(AmfMarker.StrictArray, 4), values.Count);
        foreach (var value in values)
        {
            Text(value);
        }

        return this;
    }

    private Span<byte> Marked(byte marker, int size)
    {
        var span = _buffer.GetSpan(size + 1)[..(size + 1)];
        span[0] = marker;
        _buffer.Advance(size + 1);
        return span[1..];
    }

    /// <summary>An object that is being written.</summary>
    public readonly ref struct Scope(AmfWriter writer)
    {
        public void Dispose() => writer._buffer.Write((ReadOnlySpan<byte>)[0, 0, AmfMarker.ObjectEnd]);
    }
}
