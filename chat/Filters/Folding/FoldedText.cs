using System.Buffers;
using System.Globalization;
using System.Text;

namespace Broadcast.Chat.Filters.Folding;

/// <summary>
/// A text as folded elements, see <see cref="LookAlikes"/>. Combining marks, joiners and variation selectors are left out, and digits and
/// symbols that can stand for a letter contain that letter. Uses rented memory until it is disposed.
/// </summary>
internal ref struct FoldedText : IDisposable
{
    private TextElement[] _elements;
    private int _count;
    private int _vietnameseLetters;

    private FoldedText(int capacity) => _elements = ArrayPool<TextElement>.Shared.Rent(capacity);

    /// <summary>The elements in the order of the text.</summary>
    public readonly ReadOnlySpan<TextElement> Elements => _elements.AsSpan(0, _count);

    /// <summary>An element can be read as the letter l, see <see cref="TextElement.CanBeL"/>.</summary>
    public bool CanHaveL { get; private set; }

    /// <summary>The text contains the letter l, which can be read as i.</summary>
    public bool HasL { get; private set; }

    /// <summary>The text is Vietnamese, whose marks distinguish so many words that they do not decorate other words.</summary>
    public readonly bool IsVietnamese => _vietnameseLetters >= 2;

    /// <summary>Scripts of which the text contains letters that do not look Latin.</summary>
    public Scripts ClearScripts { get; private set; }

    /// <summary>Folds a text of any length and content.</summary>
    public static FoldedText Of(string text)
    {
        // No code point folds to more letters than this bound per UTF-16 unit: longer results come from the BMP only.
        var result = new FoldedText((LookAlikes.MaxLetters * text.Length) + 1);
        var wordStart = 0;
        for (var i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var length);
            result.Add(text, rune, i, length);
            i += length;
            if (result._count > 0 && !result._elements[result._count - 1].IsInWord)
            {
                result.EndWord(text, wordStart);
                wordStart = result._count;
            }
        }

        result.EndWord(text, wordStart);
        return result;
    }

    /// <summary>Returns the rented memory.</summary>
    public void Dispose()
    {
        ArrayPool<TextElement>.Shared.Return(_elements);
        (_elements, _count) = ([], 0);
    }

    private void Add(string text, Rune rune, int start, int length)
    {
        if (rune.IsAscii)
        {
            AddAscii(text, (char)rune.Value, start, length);
            return;
        }

        if (LookAlikes.Undecorate(rune.Value) is var plain and not '\0')
        {
            AddAscii(text, plain, start, length);
            return;
        }

        var value = LookAlikes.UndecorateGreek(rune.Value) is var greek and > 0 ? greek : rune.Value;
        if (value is 0x3099 or 0x309A or 0x309B or 0x309C or 0xFF9E or 0xFF9F)
        {
            if (_count > 0)
            {
                _elements[_count - 1] = _elements[_count - 1] with { Letter = LookAlikes.AddVoicing(_elements[_count - 1].Letter, value) };
            }

            return;
        }

        switch (Rune.GetUnicodeCategory(new Rune(value)))
        {
            case UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark:
                AddMark(value, start, length);
                break;
            case UnicodeCategory.DecimalDigitNumber:
                AddAscii(text, (char)('0' + (int)Rune.GetNumericValue(rune)), start, length);
                break;
            case UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.LetterNumber:
                AddLetter(value, start, length);
                break;
            case UnicodeCategory.EnclosingMark or UnicodeCategory.Format or UnicodeCategory.Control:
                break;
            case UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator:
                Append(new(' ', start, (byte)length, ElementKind.Space, Scripts.None));
                break;
            case UnicodeCategory.MathSymbol or UnicodeCategory.CurrencySymbol or UnicodeCategory.OtherSymbol
                or UnicodeCategory.OtherNumber or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse:
                AddSymbol(value, start, length);
                break;
            default:
                AddSeparator(value, start, length);
                break;
        }
    }

    private void AddAscii(string text, char character, int start, int length)
    {
        if (char.IsAsciiLetter(character))
        {
            Append(new(char.ToLowerInvariant(character), start, (byte)length, ElementKind.Letter, Scripts.Latin, character == 'I'));
        }
        else if (char.IsAsciiDigit(character))
        {
            var letter = character switch { '0' => 'o', '1' => 'i', '3' => 'e', '4' => 'a', '5' => 's', '7' => 't', _ => character };
            Append(new(letter, start, (byte)length, ElementKind.Digit, Scripts.None, character == '1'));
        }
        else if (character is '@' or '$' or '!' or '|' && IsLetterSymbol(text, character, start, start + length))
        {
            var letter = character switch { '@' => 'a', '$' => 's', _ => 'i' };
            Append(new(letter, start, (byte)length, ElementKind.LetterSymbol, Scripts.None, character is '!' or '|'));
        }
        else if (character is ' ' or (>= '\t' and <= '\r'))
        {
            Append(new(' ', start, (byte)length, ElementKind.Space, Scripts.None));
        }
        else
        {
            AddSeparator(character, start, length);
        }
    }

    // Symbols are letters only where punctuation and prices do not have them: "sh!t" and "$hit", but not "hit!" and "$5".
    private readonly bool IsLetterSymbol(string text, char symbol, int start, int next)
    {
        var isAfterWord = _count > 0 && _elements[_count - 1] is { IsInWord: true } last && last.Start + last.Length == start;
        var isAfterLetter = isAfterWord && _elements[_count - 1].Kind != ElementKind.Digit;
        var following = next < text.Length ? text[next] : ' ';
        return symbol switch
        {
            '@' => char.IsLetterOrDigit(following) || following is '$' or '!',
            '$' => isAfterLetter || char.IsLetter(following),
            _ => isAfterWord && (char.IsLetterOrDigit(following) || following is '$' or '@'),
        };
    }

    private void AddLetter(int value, int start, int length)
    {
        var script = LookAlikes.ScriptOf(value);
        if (value == 0x0640)
        {
            return; // The Arabic tatweel only stretches words.
        }

        if (value is >= 0x02B9 and <= 0x02BF)
        {
            AddSeparator(value, start, length); // Apostrophes as letters.
            return;
        }

        if (AddHangul(value, start, length))
        {
            return;
        }

        var letters = LookAlikes.Fold(value, out var lower);
        if (letters is null)
        {
            ClearScripts |= script;
            Append(new(LookAlikes.ToHiragana(lower), start, (byte)length, ElementKind.Letter, script));
            return;
        }

        if (letters[0] >= 0x80 || LookAlikeTables.ClearlyCyrillic.Contains((char)lower))
        {
            ClearScripts |= script;
        }

        _vietnameseLetters += lower is (>= 0x1EA0 and <= 0x1EF9) or 0x01A1 or 0x01B0 ? 1 : 0;
        foreach (var letter in letters)
        {
            Append(new(letter, start, (byte)length, ElementKind.Letter, script, IsAccented: script == Scripts.Latin && letter < 0x80));
        }
    }

    // Syllables of Hangul are also written as two or three jamo (The Unicode Standard, 3.12).
    private readonly bool AddHangul(int value, int start, int length)
    {
        if (_count == 0)
        {
            return false;
        }

        ref var last = ref _elements[_count - 1];
        if (value is >= 0x1161 and <= 0x1175 && last.Letter is >= 0x1100 and <= 0x1112)
        {
            last = last with { Letter = 0xAC00 + ((((last.Letter - 0x1100) * 21) + value - 0x1161) * 28) };
        }
        else if (value is >= 0x11A8 and <= 0x11C2 && last.Letter is >= 0xAC00 and <= 0xD7A3 && (last.Letter - 0xAC00) % 28 == 0)
        {
            last = last with { Letter = last.Letter + value - 0x11A7 };
        }
        else
        {
            return false;
        }

        last = last with { Length = (byte)Math.Min(byte.MaxValue, start + length - last.Start) };
        return true;
    }

    private void AddMark(int value, int start, int length)
    {
        var isAfterLetter = _count > 0 && _elements[_count - 1] is { Kind: ElementKind.Letter, Script: Scripts.Other or Scripts.Unspaced };
        if (LookAlikes.IsSpelled(value, isAfterLetter))
        {
            Append(new(value, start, (byte)length, ElementKind.Letter, LookAlikes.ScriptOf(value), IsMark: true));
        }
        else if (_count > 0)
        {
            _elements[_count - 1] = _elements[_count - 1] with { IsAccented = true };
        }
    }

    private void AddSymbol(int value, int start, int length)
    {
        if (value is >= 0x1F3FB and <= 0x1F3FF)
        {
            return; // Skin tones.
        }

        if (LookAlikeTables.Joints.Contains((char)value) && value <= char.MaxValue)
        {
            AddSeparator(value, start, length);
            return;
        }

        Append(new(value, start, (byte)length, ElementKind.Symbol, Scripts.None));
    }

    private void AddSeparator(int value, int start, int length) => Append(new(' ', start, (byte)length,
        value <= char.MaxValue && LookAlikeTables.Joints.Contains((char)value) ? ElementKind.Joint : ElementKind.Stop, Scripts.None));

    private void Append(TextElement element)
    {
        CanHaveL |= element.CanBeL;
        HasL |= element.Letter == 'l';
        _elements[_count++] = element;
    }

    // Greek capitals beside Latin letters are used for their own shape: Η is h there, and not the η that looks like n.
    private readonly void EndWord(string text, int start)
    {
        var word = _elements.AsSpan(start, _count - start);
        var scripts = Scripts.None;
        foreach (var element in word)
        {
            scripts |= element.Script;
        }

        if ((scripts & (Scripts.Latin | Scripts.Greek)) != (Scripts.Latin | Scripts.Greek))
        {
            return;
        }

        foreach (ref var element in word)
        {
            if (element.Script == Scripts.Greek && LookAlikes.GreekCapital(text[element.Start]) is var letter and > 0)
            {
                element = element with { Letter = letter };
            }
        }
    }
}
