using Shouldly;
using Xunit;

namespace Broadcast.Fuzz.Tests;

/// <summary>Tests of the search: it finds planted failures, and judges outcomes correctly.</summary>
public sealed class FuzzerTests
{
    [Fact]
    public void Fuzzer_finds_a_planted_bug_and_shortens_the_input()
    {
        byte[]? find = null;
        var fuzzer = new Fuzzer(new Planted(), [[.. "some text with a lot that does not matter, KEY\u0001 and more of it"u8]],
            new Random(1));
        for (var i = 0; i < 200 && find is null; i++)
        {
            fuzzer.Run(1000, (input, failure) =>
            {
                failure.ShouldContain("IndexOutOfRange");
                find = input;
            });
        }

        find.ShouldNotBeNull().Length.ShouldBeLessThanOrEqualTo(5);
    }

    [Fact]
    public void Garbage_excess_broken_invariants_and_undeclared_exceptions_fail_but_rejections_do_not()
    {
        var target = new Planted();
        Oracle.Judge(target, "garbage"u8.ToArray()).Failure.ShouldNotBeNull().ShouldContain("allocates");
        Oracle.Judge(target, "rule"u8.ToArray()).Failure.ShouldNotBeNull().ShouldContain("a rule");
        Oracle.Judge(target, "refuse"u8.ToArray()).Failure.ShouldBeNull();
        Oracle.Judge(target, "KEY\u00ff"u8.ToArray()).Failure.ShouldNotBeNull();
        Oracle.Judge(target, "fine"u8.ToArray()).Failure.ShouldBeNull();
    }

    [Fact]
    public void Same_seed_produces_the_same_inputs()
    {
        byte[][] Inputs() => [.. Enumerable.Repeat(new Mutator(new Random(5)), 200)
            .Select(m => m.Mutate([1, 2, 3, 4], [5, 6, 7], new Planted()))];
        Inputs().SelectMany(b => b).ShouldBe(Inputs().SelectMany(b => b));
    }

    private sealed class Planted : FuzzTarget
    {
        private byte[]? _garbage;

        public override string Name => "planted";

        public override void Run(byte[] input, ref Shape shape)
        {
            var text = System.Text.Encoding.Latin1.GetString(input);
            _garbage = text == "garbage" ? new byte[1024 * 1024] : _garbage;
            Hold(text != "rule", "a rule");
            if (text == "refuse")
            {
                throw new FormatException("no");
            }

            var key = text.IndexOf("KEY", StringComparison.Ordinal);
            shape.Kind(key >= 0 ? 1 : 0);
            if (key >= 0 && key + 3 < input.Length && input[key + 3] >= 0x80)
            {
                byte[] table = new byte[0x80];
                shape.Kind(table[input[key + 3]]);
            }
        }

        public override bool IsRefusal(Exception exception, out string reason)
        {
            reason = exception.Message;
            return exception is FormatException;
        }
    }
}
