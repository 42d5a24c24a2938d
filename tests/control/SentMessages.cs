using System.Text;

namespace Broadcast.Control.Tests;

/// <summary>Collects text sent from any thread.</summary>
internal sealed class SentMessages
{
    private readonly StringBuilder _text = new();

    public string Text
    {
        get
        {
            lock (_text)
            {
                return _text.ToString();
            }
        }
    }

    public void Add(string text)
    {
        lock (_text)
        {
            _text.Append(text);
        }
    }
}
