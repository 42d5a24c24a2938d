using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Control.Api;

/// <summary>A request's JSON object, read member by member. It collects every mistake, those of members that nobody asked for too, so that one answer tells them all.</summary>
internal sealed class RequestBody
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 8, AllowDuplicateProperties = false };
    private readonly Dictionary<string, JsonElement> _members;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly List<Mistake> _mistakes = [];

    private RequestBody(Dictionary<string, JsonElement> members) => _members = members;

    /// <summary>Reads a body of at most <paramref name="limit"/> bytes.</summary>
    /// <exception cref="BadHttpRequestException">Too large (413) or no JSON by its type (415).</exception>
    /// <exception cref="ControlException">Not a JSON object.</exception>
    public static async Task<RequestBody> ReadAsync(HttpRequest request, int limit, CancellationToken cancellationToken) =>
        Parse(await BytesAsync(request, limit, cancellationToken));

    /// <summary>Reads a JSON body of at most <paramref name="limit"/> bytes without looking into it.</summary>
    /// <exception cref="BadHttpRequestException">Too large (413) or no JSON by its type (415).</exception>
    public static async Task<ReadOnlyMemory<byte>> BytesAsync(HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        if (!request.HasJsonContentType())
        {
            throw new BadHttpRequestException("Send the body as application/json.", StatusCodes.Status415UnsupportedMediaType);
        }

        using var buffer = new MemoryStream();
        var chunk = new byte[4096];
        while (await request.Body.ReadAsync(chunk, cancellationToken) is var read and > 0)
        {
            if (buffer.Length + read > limit)
            {
                throw new BadHttpRequestException($"The body is over {limit} bytes.", StatusCodes.Status413PayloadTooLarge);
            }

            buffer.Write(chunk, 0, read);
        }

        return buffer.ToArray();
    }

    internal static RequestBody Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return new(document.RootElement.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.Clone(), StringComparer.Ordinal));
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // A broken document, or a name in broken UTF-16: the same to the caller.
        }

        throw new ControlException([new("body", "The body must be a JSON object whose members are named once.")]);
    }

    /// <summary>A text; <see langword="null"/> when it is not there or not a text.</summary>
    public string? Text(string name, bool required = false)
    {
        if (Find(name, required) is not { } value)
        {
            return null;
        }

        return TextOf(value) ?? Wrong<string>(name, "a text");
    }

    /// <summary>A list of texts.</summary>
    public IReadOnlyList<string>? Texts(string name)
    {
        if (Find(name, required: false) is not { } value)
        {
            return null;
        }

        var texts = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Select(TextOf).ToList() : [null];
        return texts.Contains(null) ? Wrong<List<string>>(name, "a list of texts") : [.. texts.Select(t => t!)];
    }

    /// <summary>A list of whole numbers of 32 bits.</summary>
    public IReadOnlyList<int>? Numbers(string name)
    {
        if (Find(name, required: false) is not { } value)
        {
            return null;
        }

        var numbers = new List<int>();
        if (value.ValueKind != JsonValueKind.Array)
        {
            return Wrong<List<int>>(name, "a list of whole numbers");
        }

        foreach (var item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out var number))
            {
                return Wrong<List<int>>(name, "a list of whole numbers");
            }

            numbers.Add(number);
        }

        return numbers;
    }

    /// <summary>A whole number of 32 bits.</summary>
    public int? Number(string name) =>
        Find(name, required: false) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number
        : WrongValue<int>(name, "a whole number");

    /// <summary>Yes or no.</summary>
    public bool? Flag(string name) => Find(name, required: false) is not { } value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : WrongValue<bool>(name, "true or false");

    /// <summary>An instant with its offset from UTC (RFC 3339).</summary>
    public DateTimeOffset? Instant(string name) =>
        Text(name) is not { } text ? null
        : DateTimeOffset.TryParseExact(
            text,
            ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"],
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal,
            out var at) ? at.ToUniversalTime() : WrongValue<DateTimeOffset>(name, "a time such as 2030-01-31T18:00:00Z");

    /// <summary>A time in a recording: a number of seconds, or a text (<see cref="Control.Moment"/>).</summary>
    public Moment? Moment(string name, bool required = false)
    {
        if (Find(name, required) is not { } value)
        {
            return null;
        }

        Moment moment = default;
        var isOne = value.ValueKind switch
        {
            JsonValueKind.Number => value.TryGetDouble(out var seconds) && Control.Moment.TryMake(seconds, out moment),
            JsonValueKind.String => Control.Moment.TryParse(TextOf(value), out moment),
            _ => false,
        };
        if (!isOne)
        {
            _mistakes.Add(new(name, Control.Moment.Rule(name)));
        }

        return moment;
    }

    /// <summary>One of several words.</summary>
    public string? Word(string name, IReadOnlyList<string> words, bool required = false) =>
        Text(name, required) is not { } text ? null : words.Contains(text, StringComparer.Ordinal) ? text : Wrong<string>(name, $"one of {string.Join(", ", words)}");

    /// <summary>Refuses the request when it has mistakes, those that the rules found in its values too.</summary>
    /// <exception cref="ControlException">It has.</exception>
    public void Check(IEnumerable<Mistake> rules)
    {
        foreach (var name in _members.Keys.Where(n => !_known.Contains(n)).Take(20))
        {
            var shown = new string([.. name.Take(40).Where(c => !char.IsControl(c) && !char.IsSurrogate(c))]);
            _mistakes.Add(new(shown, $"There is no member '{shown}'; known are {string.Join(", ", _known)}."));
        }

        _mistakes.AddRange(rules.Where(rule => !_mistakes.Exists(m => m.Member == rule.Member)));
        if (_mistakes.Count > 0)
        {
            throw new ControlException(_mistakes);
        }
    }

    private static string? TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;   // lone surrogates
        }
    }

    private JsonElement? Find(string name, bool required)
    {
        _known.Add(name);
        if (_members.TryGetValue(name, out var value) && value.ValueKind != JsonValueKind.Null)
        {
            return value;
        }

        if (required)
        {
            _mistakes.Add(new(name, $"'{name}' is missing."));
        }

        return null;
    }

    private T? Wrong<T>(string name, string wanted)
        where T : class
    {
        _mistakes.Add(new(name, $"'{name}' must be {wanted}."));
        return null;
    }

    private T? WrongValue<T>(string name, string wanted)
        where T : struct
    {
        _mistakes.Add(new(name, $"'{name}' must be {wanted}."));
        return null;
    }
}
