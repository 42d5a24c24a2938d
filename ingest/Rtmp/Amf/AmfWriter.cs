using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Broadcast.Ingest.Rtmp.Amf;

/// <summary>Writes AMF0. An object is a scope, so the code's indentation shows the nesting.</summary>
internal sealed class AmfWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    /// <summary>The written bytes.</summary>
    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    /// <summary>Starts over.</summary>
    public AmfWriter Clear()
    {
        _buffer.ResetWrittenCount();
        return this;
    }

    public AmfWriter Number(double value)
    {
        var span = WriteMarker(AmfMarker.Number, 8);
        BinaryPrimitives.WriteDoubleBigEndian(span, value);
        return this;
    }

    public AmfWriter Boolean(bool value)
    {
        WriteMarker(AmfMarker.Boolean, 1)[0] = value ? (byte)1 : (byte)0;
        return this;
    }

    /// <summary>Writes a string; over 65,535 bytes of UTF-8, a long string.</summary>
    public AmfWriter Text(string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        if (bytes.Length <= ushort.MaxValue)
        {
            BinaryPrimitives.WriteUInt16BigEndian(WriteMarker(AmfMarker.String, 2), (ushort)bytes.Length);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(WriteMarker(AmfMarker.LongString, 4), (uint)bytes.Length);
        }

        _buffer.Write(bytes);
        return this;
    }

    public AmfWriter Null()
    {
        WriteMarker(AmfMarker.Null, 0);
        return this;
    }

    /// <summary>Writes the name of the next property.</summary>
    public AmfWriter Name(string name)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        BinaryPrimitives.WriteUInt16BigEndian(_buffer.GetSpan(2), checked((ushort)bytes.Length));
        _buffer.Advance(2);
        _buffer.Write(bytes);
        return this;
    }

    /// <summary>Starts an object, which ends with the scope.</summary>
    public Scope Object()
    {
        WriteMarker(AmfMarker.Object, 0);
        return new Scope(this);
    }

    /// <summary>Starts an ECMA array, which ends with the scope.</summary>
    public Scope EcmaArray(int count)
    {
        BinaryPrimitives.WriteInt32BigEndian(WriteMarker(AmfMarker.EcmaArray, 4), count);
        return new Scope(this);
    }

    /// <summary>Writes a strict array of strings.</summary>
    public AmfWriter Texts(IReadOnlyList<string> values)
    {
        BinaryPrimitives.WriteInt32BigEndian(WriteMarker(AmfMarker.StrictArray, 4), values.Count);
        foreach (var value in values)
        {
            Text(value);
        }

        return this;
    }

    private Span<byte> WriteMarker(byte marker, int size)
    {
        var span = _buffer.GetSpan(size + 1)[..(size + 1)];
        span[0] = marker;
        _buffer.Advance(size + 1);
        return span[1..];
    }

    /// <summary>Scope of an object.</summary>
    public readonly ref struct Scope(AmfWriter writer)
    {
        public void Dispose() => writer._buffer.Write((ReadOnlySpan<byte>)[0, 0, AmfMarker.ObjectEnd]);
    }
}
