//! Which problems the packs of a selector's toolchain can serve. It compiles, loads and launches nothing.

use super::selector::Selector;
use crate::error::Error;
use crate::plan::{Uncovered, uncovered};
use crate::problem::Workload;

impl Selector {
    /// The problems, of these, that no kernel of the [packs](crate::cache::pack) can serve: on a machine without a
    /// compiler their launches fail. It is empty if the packs serve all of them, in every alignment. A compiler does
    /// not count, and needs not be there. Packed kernels are not read: [`Pack::verify`](crate::cache::pack::Pack::verify)
    /// finds damaged ones.
    ///
    /// ```no_run
    /// # use topkit::{DType, Engine, SelectorSpec, Workload};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let spec = SelectorSpec::builder("Indexer").dtype([DType::Bf16]).build()?;
    /// let toolchain = Engine::builder().pack("kernels.pack").build_toolchain("sm_90a".parse()?)?;
    /// let decode = Workload::new(DType::Bf16, 1..=64, 8192..=131_072, 512..=512);
    /// for part in toolchain.selector(spec)?.uncovered([decode])? {
    ///     println!("{part}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A dtype, or every k of a range, was not declared, or a shape is beyond 2^31 - 1.
    pub fn uncovered<W: Into<Workload>>(
        &self,
        problems: impl IntoIterator<Item = W>,
    ) -> Result<Vec<Uncovered>, Error> {
        let (spec, toolchain) = (self.spec(), self.toolchain());
        let packed = toolchain.in_packs(spec);
        let mut all = Vec::new();
        for workload in problems {
            let workload = workload.into();
            let mut parts = uncovered(spec, &workload, &packed, toolchain.limits())?;
            for part in parts.iter_mut().filter(|part| part.why.is_empty()) {
                let why = toolchain.not_in_packs(spec, workload.dtype)?;
                part.why = why.lines().map(|line| line.trim().to_owned()).collect();
            }
            all.extend(parts);
        }
        Ok(all)
    }
}
