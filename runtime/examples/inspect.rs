//! Looks at kernels without a GPU: the generated source, its machine code, and why a kernel is picked.
//! Needs NVRTC.
//!
//! Where it is not found, `TOPKIT_NVRTC` names it. With `TOPKIT_DUMP=folder`, every kernel that is
//! compiled here is also written there: source, PTX, machine code and build log. A source that was
//! edited there is compiled in place of the generated one with `TOPKIT_OVERRIDE=/path/to/folder`.

use topkit::{Arch, DType, Problem, Toolchain, topk_kernel};

topk_kernel! {
    /// Candidates for sampling from a vocabulary.
    pub kernel SamplerTopK {
        dtype: [f32, bf16],
        k: 1..=256,
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A problem is a shape; it holds no scores.
    let problem = Problem::new(DType::Bf16, 32, 128_256, 50);

    for arch in ["sm_80", "sm_90a"] {
        // A toolchain does all but load and launch, for any architecture NVRTC knows.
        let toolchain = Toolchain::new(arch.parse::<Arch>()?)?;
        let sampler = SamplerTopK::new(&toolchain)?;
        let explanation = sampler.explain(&problem)?;
        let variant = explanation.plan.variant;
        if arch == "sm_80" {
            println!("{explanation}\n");
            let source = sampler.source(&variant)?;
            println!("{} lines of CUDA C, which end in:", source.text.lines().count());
            let tail: Vec<&str> = source.text.lines().rev().take(6).collect();
            tail.iter().rev().for_each(|line| println!("  | {line}"));
            println!();
        }

        // `selector()` is the type behind the declared one; it has the rarer methods.
        let selector = sampler.selector();
        let cubin = selector.cubin(&variant)?.len();
        println!("{arch}: a cubin of {cubin} bytes");
        match selector.resources(&variant)? {
            Some(resources) => println!("  {resources}"),
            None => println!("  the build log does not tell its resources"),
        }
        let ptx = selector.ptx(&variant)?;
        let wide = ptx.lines().filter(|line| line.contains("ld.global.nc.v4")).count();
        println!("  {wide} loads of 16 bytes in its PTX");
    }
    Ok(())
}
