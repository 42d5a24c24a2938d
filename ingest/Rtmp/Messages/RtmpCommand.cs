using Broadcast.Ingest.Rtmp.Amf;

namespace Broadcast.Ingest.Rtmp.Messages;

/// <summary>A command message (Adobe RTMP 1.0, 7.2): a name, a transaction id and what follows.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Transaction">What the answer refers to; 0 wants none.</param>
/// <param name="Arguments">Command object and arguments.</param>
/// <param name="Stream">Message stream it came on.</param>
internal sealed record RtmpCommand(string Name, double Transaction, IReadOnlyList<AmfValue> Arguments, uint Stream)
{
    /// <summary>An argument that is text, or <see langword="null"/>. 0 is the command object.</summary>
    public string? TextAt(int index) => index < Arguments.Count && Arguments[index] is AmfValue.Text text ? text.Value : null;

    /// <summary>Reads a command.</summary>
    /// <param name="message">Of type 20, or 17: then one byte says which AMF follows, which is AMF0 there too. From a first value in AMF3 on, arguments are left out.</param>
    /// <exception cref="RtmpProtocolException">It is broken or over a limit.</exception>
    public static RtmpCommand Read(in Chunks.RtmpMessage message)
    {
        var body = message.Payload.Span;
        if (message.Type == MessageType.CommandAmf3 && !body.IsEmpty && body[0] == 0)
        {
            body = body[1..];
        }

        var reader = new AmfReader(body);
        if (reader.Read() is not AmfValue.Text name)
        {
            throw RtmpProtocolException.Command("A command without a name.");
        }

        double transaction = 0;
        var arguments = new List<AmfValue>(4);
        if (!reader.AtEnd && !reader.AtAmf3 && reader.Read() is AmfValue.Number { Value: var number } && double.IsFinite(number))
        {
            transaction = number;
        }

        while (!reader.AtEnd && !reader.AtAmf3)
        {
            arguments.Add(reader.Read());
        }

        return new RtmpCommand(name.Value, transaction, arguments, message.Stream);
    }
}
